// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http_request.hpp"
#include "core/model/time.hpp"
#include "core/store/records.hpp"

namespace waybill::api {

/// Reading of the query parameters that lists share (api.md, lists). Each takes its parameter out; a value that breaks a rule
/// is a fault of the query and reads as nothing.

/// `limit` (1 to 500, 50 if absent) and `cursor`.
[[nodiscard]] core::page_request take_page(query_parameters& query);
[[nodiscard]] std::optional<core::utc_time> take_time(query_parameters& query, std::string_view name);
/// 1 to 255 bytes; empty if absent.
[[nodiscard]] std::string take_text(query_parameters& query, std::string_view name);
/// "true" or "false"; false if absent.
[[nodiscard]] bool take_flag(query_parameters& query, std::string_view name);

template <class Id>
[[nodiscard]] std::optional<Id> take_id(query_parameters& query, std::string_view name) {
  const auto value = query.take(name);
  if (!value) return std::nullopt;
  const auto id = Id::parse(*value);
  if (!id) query.fault(name, "format", "not an id of the form " + std::string{Id::prefix} + "_…");
  return id;
}

/// One or several of a kind, separated by commas; empty if absent.
template <class Id>
[[nodiscard]] std::vector<Id> take_ids(query_parameters& query, std::string_view name) {
  std::vector<Id> ids;
  const auto value = query.take(name);
  if (!value) return ids;
  for (std::size_t from = 0; from <= value->size();) {
    const auto end = std::min(value->find(',', from), value->size());
    const auto id = Id::parse(std::string_view{*value}.substr(from, end - from));
    if (id) ids.push_back(*id);
    // A list that lost one would ask for more than was meant.
    if (!id) query.fault(name, "format", "not ids of the form " + std::string{Id::prefix} + "_…, separated by commas");
    if (!id) return {};
    from = end + 1;
  }
  return ids;
}

/// `parse(text)` gives the word's value, or nothing for another word.
template <class Parse>
[[nodiscard]] auto take_word(query_parameters& query, std::string_view name, Parse parse)
    -> decltype(parse(std::string_view{})) {
  const auto value = query.take(name);
  if (!value) return std::nullopt;
  auto word = parse(*value);
  if (!word) query.fault(name, "enum", "not a word this parameter knows");
  return word;
}

}  // namespace waybill::api
