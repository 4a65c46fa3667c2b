// SPDX-License-Identifier: Apache-2.0
#include "core/store/config_writes.hpp"

namespace waybill::core {

std::string storable_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

result<void> config_write_done(const result<std::int64_t>& changed) {
  if (!changed) return fail(changed.error());
  return {};
}

tl::unexpected<error> changed_meanwhile() {
  return fail(error_code::precondition_failed, "It was changed in the meantime: read it again and repeat the change.");
}

error missing_or_conflict(error e, const error& missing) {
  const bool of_reference =
      e.message.find("FOREIGN KEY") != std::string::npos || e.message.find("foreign key") != std::string::npos;
  return e.code == error_code::conflict && of_reference ? missing : e;
}

std::optional<std::int64_t> allowed_minute(const api_key& key, bool first) {
  if (!key.allowed_hours) return std::nullopt;
  return first ? key.allowed_hours->first : key.allowed_hours->second;
}

}  // namespace waybill::core
