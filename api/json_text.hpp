// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// `{"data": […], "nextCursor": …}` of items that are JSON text already.
[[nodiscard]] std::string page_text(const std::vector<std::string>& items, std::string_view next_cursor);

[[nodiscard]] http_response json_response(int status, std::string body);

}  // namespace waybill::api
