// SPDX-License-Identifier: Apache-2.0
#include "core/store/row_codec.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

std::string qualified(std::string_view columns, std::string_view table) {
  const auto prefix = std::string(table) + '.';
  std::string list = prefix;
  for (const char c : columns) {
    list += c;
    if (c == ' ') list += prefix;
  }
  return list;
}

result<nlohmann::json> json_column(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(error_code::internal_error, "a row of the store holds broken JSON");
  return json;
}

result<policy_overrides> policy_column(std::string_view text) {
  auto json = json_column(text);
  if (!json) return fail(json.error());
  return policy_from_json(*json, "/policy");
}

health_status status_of(const destination_health& health, destination_state state) {
  if (state == destination_state::disabled) return health_status::disabled;
  if (health.breaker != breaker_state::closed) return health_status::unhealthy;
  return health.consecutive_failures > 0 ? health_status::degraded : health_status::healthy;
}

}  // namespace waybill::core
