// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace waybill::email {

/// How the value of `{{name}}` is written; `{{{name}}}` and `{{&name}}` leave it as it is.
enum class escaping : std::uint8_t { none = 1, html, json, form };

/// What templates see: a JSON object, turned into what the template library reads. Immutable once made.
class template_values {
public:
  explicit template_values(const nlohmann::json& object);
  ~template_values();
  template_values(template_values&&) noexcept;
  template_values& operator=(template_values&&) noexcept;

private:
  friend class template_text;
  struct held;
  std::unique_ptr<held> held_;
};

/// A mustache template, parsed once. Rendering is bounded in steps and in bytes, since a short template of nested sections
/// over long lists would else run for hours. Not for two threads at once.
class template_text {
public:
  template_text();
  /// An unusable text is found out by fault().
  explicit template_text(const std::string& text, escaping how = escaping::none);
  ~template_text();
  template_text(template_text&&) noexcept;
  template_text& operator=(template_text&&) noexcept;

  /// Why the template cannot be used; empty if it can.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  /// Does a tag in it read this top-level name? May say yes for a name that is only nearly read.
  [[nodiscard]] bool mentions(std::string_view name) const;
  /// The text; nothing if it would be longer than `max_bytes` or take too long to make.
  [[nodiscard]] std::optional<std::string> render(const template_values& values, std::size_t max_bytes = 1'048'576) const;

private:
  struct parsed;
  std::string text_;
  std::string fault_;
  std::unique_ptr<parsed> parsed_;  ///< null if the text has no tag
};

}  // namespace waybill::email
