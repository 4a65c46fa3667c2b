// SPDX-License-Identifier: Apache-2.0
#include "core/model/retention.hpp"

#include <array>
#include <utility>

#include "core/model/object_reader.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {
namespace {

struct member {
  const char* name;
  std::optional<std::uint32_t> retention_overrides::*set;
  std::uint32_t retention_settings::*value;
};

constexpr std::array<member, 6> members{{
    {"deliveryDays", &retention_overrides::delivery_days, &retention_settings::delivery_days},
    {"attemptDays", &retention_overrides::attempt_days, &retention_settings::attempt_days},
    {"attemptRecordDays", &retention_overrides::attempt_record_days, &retention_settings::attempt_record_days},
    {"payloadDays", &retention_overrides::payload_days, &retention_settings::payload_days},
    {"deadLetterDays", &retention_overrides::dead_letter_days, &retention_settings::dead_letter_days},
    {"auditDays", &retention_overrides::audit_days, &retention_settings::audit_days},
}};

}  // namespace

retention_settings retention_overrides::over(retention_settings base) const {
  for (const auto& m : members)
    if (this->*m.set) base.*m.value = *(this->*m.set);
  return base;
}

bool retention_overrides::any() const {
  for (const auto& m : members)
    if (this->*m.set) return true;
  return false;
}

retention_overrides read_retention(const nlohmann::json& json, std::string pointer, std::vector<field_fault>& faults) {
  retention_overrides out;
  object_reader in(json, std::move(pointer), faults);
  for (const auto& m : members) out.*m.set = in.count(m.name, bounds::retention_days);
  in.refuse_others();
  return out;
}

nlohmann::json to_json(const retention_overrides& overrides) {
  auto json = nlohmann::json::object();
  for (const auto& m : members)
    if (overrides.*m.set) json[m.name] = *(overrides.*m.set);
  return json;
}

}  // namespace waybill::core
