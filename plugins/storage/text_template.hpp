// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::storage {

/// Where the values of a template come from.
class variables {
public:
  virtual ~variables() = default;
  /// Nothing if there is no value.
  [[nodiscard]] virtual std::optional<std::string> value(std::string_view name) const = 0;
};

/// What a template may name: those of one delivery, or those that a whole batch has.
enum class template_scope : std::uint8_t { object = 1, batch };
[[nodiscard]] bool is_variable(std::string_view name, template_scope scope);

/// Text with variables: `{name}`, `{name|instead}` for one without a value (`_` if nothing stands there), `{{` and `}}` for
/// braces. Immutable.
class text_template {
public:
  text_template() = default;
  /// Nothing, with `why`, if the text is none or names what the scope does not have.
  [[nodiscard]] static std::optional<text_template> parse(std::string_view text, template_scope scope, std::string& why);

  /// Control characters become spaces.
  [[nodiscard]] std::string render(const variables& from) const;
  /// As a path: no value can add a folder or leave one. In values "/", "\" and control characters become "_"; a segment that
  /// a value made "." or ".." becomes "_" or "__". What the template itself says stays: keys of an object store may hold "//"
  /// and "..". A value that would be longer is cut to 200 bytes.
  [[nodiscard]] std::string render_path(const variables& from) const;

  /// What every rendered path begins with, as far as the values that `known` has go.
  [[nodiscard]] std::string path_prefix(const variables& known) const;
  /// Does it name this variable?
  [[nodiscard]] bool names(std::string_view variable) const;
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  /// Whole segments of the template's own text between slashes, "" among them.
  [[nodiscard]] bool has_own_segment(std::string_view segment) const;

private:
  struct part {
    bool is_variable = false;
    std::string text;     ///< literal, or the variable's name
    std::string instead;  ///< of a variable without a value
  };
  [[nodiscard]] std::string path_of(const variables& from, bool stops_at_unknown) const;

  std::vector<part> parts_;
};

}  // namespace waybill::storage
