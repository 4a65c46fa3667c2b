// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/policy_bounds.hpp"

#include <nlohmann/json_fwd.hpp>

namespace waybill::core {

namespace bounds {
inline constexpr whole retention_days{0, 36'500};
}

/// How long an organization's data is kept, in days after it was finished with; 0: for ever. Each is the shortest time that
/// is kept, never a promise to have deleted by then. Defaults: seven years for the proof of a delivery and for the audit
/// trail (HIPAA asks for six, the seeds for 2,555 days), a quarter for what holds people's data.
struct retention_settings {
  std::uint32_t delivery_days = 2'555;     ///< the delivery, its logs and the last attempt of each task
  std::uint32_t attempt_days = 365;        ///< the attempts before the last
  std::uint32_t attempt_record_days = 90;  ///< request and response of attempts
  std::uint32_t payload_days = 90;         ///< the content
  std::uint32_t dead_letter_days = 90;     ///< after which a dead letter counts as discarded
  std::uint32_t audit_days = 2'555;        ///< rows of the audit trail

  friend bool operator==(const retention_settings& a, const retention_settings& b) {
    return a.delivery_days == b.delivery_days && a.attempt_days == b.attempt_days &&
           a.attempt_record_days == b.attempt_record_days && a.payload_days == b.payload_days &&
           a.dead_letter_days == b.dead_letter_days && a.audit_days == b.audit_days;
  }
};

/// What an organization sets of it; the rest is the engine's.
struct retention_overrides {
  std::optional<std::uint32_t> delivery_days;
  std::optional<std::uint32_t> attempt_days;
  std::optional<std::uint32_t> attempt_record_days;
  std::optional<std::uint32_t> payload_days;
  std::optional<std::uint32_t> dead_letter_days;
  std::optional<std::uint32_t> audit_days;

  [[nodiscard]] retention_settings over(retention_settings base) const;
  [[nodiscard]] bool any() const;
};

/// Reads the member `retention` of a policy; every fault with its pointer. Unknown members are faults.
[[nodiscard]] retention_overrides read_retention(const nlohmann::json& json, std::string pointer,
                                                 std::vector<field_fault>& faults);
/// Only what is set.
[[nodiscard]] nlohmann::json to_json(const retention_overrides& overrides);

}  // namespace waybill::core
