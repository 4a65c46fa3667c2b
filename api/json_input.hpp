// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/id.hpp"
#include "core/model/time.hpp"

#include <nlohmann/json.hpp>

namespace waybill::api {

using faults = std::vector<core::field_fault>;

/// Reads the members of one JSON object of a request body, collecting every fault with its pointer instead of stopping at the
/// first. A member that is absent, or of the wrong type, reads as nothing; null reads as absent only through `nullable`.
/// What was never asked for by name is unknown, and a fault at `finish`.
class object_input {
public:
  /// Not an object: a fault, and everything reads as nothing. Both references outlive the reader.
  object_input(const nlohmann::json& value, std::string pointer, faults& out);

  [[nodiscard]] const nlohmann::json* find(std::string_view name);  ///< absent: null pointer
  void require(std::string_view name);

  struct text_rule {
    std::size_t min = 1;
    std::size_t max = 255;  ///< bytes
  };
  [[nodiscard]] std::optional<std::string> text(std::string_view name, text_rule rule);
  [[nodiscard]] std::optional<std::string> text(std::string_view name) { return text(name, text_rule{}); }
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high);
  [[nodiscard]] std::optional<core::utc_time> time(std::string_view name);
  [[nodiscard]] std::optional<nlohmann::json> object(std::string_view name);
  /// An entry that is no text is a fault and reads as an empty one.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t max_items, text_rule rule);
  /// A list of ids of one kind, each at most once.
  template <class Id>
  [[nodiscard]] std::optional<std::vector<Id>> ids(std::string_view name, std::size_t max_items) {
    const auto list = texts(name, max_items, {1, 64});
    if (!list) return std::nullopt;
    std::vector<Id> out;
    for (std::size_t i = 0; i < list->size(); ++i) {
      if ((*list)[i].empty()) continue;  // a fault already
      if (const auto id = Id::parse((*list)[i])) {
        out.push_back(*id);
      } else {
        fault(std::string{name} + '/' + std::to_string(i), "format", "not an id of the form " + std::string{Id::prefix} + "_…");
      }
    }
    return out;
  }
  template <class Id>
  [[nodiscard]] std::optional<Id> id(std::string_view name) {
    const auto value = text(name, {1, 64});
    if (!value) return std::nullopt;
    const auto id = Id::parse(*value);
    if (!id) fault(std::string{name}, "format", "not an id of the form " + std::string{Id::prefix} + "_…");
    return id;
  }

  /// `path` is relative to the object, without a leading slash, its tokens escaped.
  void fault(const std::string& path, std::string rule, std::string message);
  void finish();

private:
  const nlohmann::json& value_;
  std::string pointer_;
  faults& faults_;
  std::vector<std::string_view> known_;
};

/// Reads the whole body with `read(object_input&)`, which returns the value: malformed_request, or validation_error with all
/// faults.
template <class Read>
[[nodiscard]] auto read_body(const core::result<nlohmann::json>& body, Read read)
    -> core::result<decltype(read(std::declval<object_input&>()))>;

[[nodiscard]] core::error invalid_fields(faults all);

template <class Read>
auto read_body(const core::result<nlohmann::json>& body, Read read)
    -> core::result<decltype(read(std::declval<object_input&>()))> {
  if (!body) return core::fail(body.error());
  faults all;
  object_input input{*body, "", all};
  auto value = read(input);
  input.finish();
  if (!all.empty()) return core::fail(invalid_fields(std::move(all)));
  return value;
}

}  // namespace waybill::api
