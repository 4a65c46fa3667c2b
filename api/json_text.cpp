// SPDX-License-Identifier: Apache-2.0
#include "api/json_text.hpp"

#include <utility>

namespace waybill::api {

std::string to_text(const nlohmann::json& json) { return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

nlohmann::json time_or_null(const std::optional<core::utc_time>& time) {
  if (time) return core::to_rfc3339(*time);
  return nullptr;
}

nlohmann::json text_or_null(std::string_view text) {
  if (!text.empty()) return text;
  return nullptr;
}

http_response json_response(int status, std::string body) {
  http_response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace waybill::api
