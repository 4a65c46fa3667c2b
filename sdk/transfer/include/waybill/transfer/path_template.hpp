// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/delivery.hpp>

namespace waybill::transfer {

/// A path or a file name with placeholders, as handlers that write files take it: `{organizationId}/{year}/{month}/{filename}`.
/// `{name}` is replaced by a value of the delivery, `{metadata.key}` by a text, number or boolean of its metadata; `{{` and
/// `}}` stand for braces. Dates are UTC and of the acceptance, so that every attempt makes the same path. A value can never
/// leave its path segment or hide: separators, control characters and a leading dot become `_`. Immutable; any thread.
class path_template {
public:
  /// What is wrong with a text as a template; empty if it is one.
  [[nodiscard]] static std::string why_unusable(std::string_view text);
  /// The names that stand in braces, without metadata, separated by ", ".
  [[nodiscard]] static std::string known_names();

  path_template() = default;
  /// A text that why_unusable finds fault with expands to nothing.
  explicit path_template(std::string_view text);

  /// Nothing, with the reason in `why`, if a placeholder has no value or a segment would be `.`, `..` or empty. Slashes that
  /// repeat are one; a slash at the begin and at the end stays.
  [[nodiscard]] std::optional<std::string> expand(const sdk::delivery& what, std::string& why) const;
  /// The longest leading part, whole segments, that is the same for every delivery: "/in/reports" of "/in/reports/{year}/x".
  [[nodiscard]] std::string fixed_folder() const;

private:
  struct piece {
    bool is_name;
    std::string text;
  };
  std::vector<piece> pieces_;
  bool usable_ = false;
};

/// The last segment of a path: what a sender meant as a file's name. Empty if it is none.
[[nodiscard]] std::string_view base_name(std::string_view path);

}  // namespace waybill::transfer
