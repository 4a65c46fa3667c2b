// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/http_response.hpp"
#include "core/model/time.hpp"

#include <nlohmann/json.hpp>

namespace waybill::api {

/// The JSON of an answer. Text that is not UTF-8 (a remote's words) is shown with replacement characters, never thrown over.
[[nodiscard]] std::string to_text(const nlohmann::json& json);
[[nodiscard]] nlohmann::json time_or_null(const std::optional<core::utc_time>& time);
[[nodiscard]] nlohmann::json text_or_null(std::string_view text);
template <class Number>
[[nodiscard]] nlohmann::json ms_or_null(const std::optional<Number>& duration) {
  if (duration) return duration->count();
  return nullptr;
}

/// `{"data": […], "nextCursor": …}`; `render(item)` gives an item's JSON text.
template <class Items, class Render>
[[nodiscard]] std::string page_text(const Items& items, std::string_view next_cursor, Render render) {
  std::string out = "{\"data\":[";
  bool first = true;
  for (const auto& item : items) {
    if (!std::exchange(first, false)) out += ',';
    out += render(item);
  }
  return out + "],\"nextCursor\":" + to_text(text_or_null(next_cursor)) + '}';
}

[[nodiscard]] http_response json_response(int status, std::string body);

}  // namespace waybill::api
