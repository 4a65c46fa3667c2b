// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/caller.hpp"
#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/model/policy.hpp"
#include "core/model/time.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

enum class destination_state : std::uint8_t { enabled = 1, disabled };
enum class health_status : std::uint8_t { healthy = 1, degraded, unhealthy, disabled };
enum class breaker_state : std::uint8_t { closed = 1, open, half_open };

[[nodiscard]] std::string_view to_string(destination_state state);
[[nodiscard]] std::string_view to_string(health_status status);
[[nodiscard]] std::string_view to_string(breaker_state state);
[[nodiscard]] std::optional<destination_state> destination_state_from(std::string_view text);
[[nodiscard]] std::optional<health_status> health_status_from(std::string_view text);

/// A configured place to deliver to.
struct destination {
  destination_id id;
  organization_id organization;
  std::string type;
  std::string label;
  nlohmann::json config;  ///< in the store: secret fields sealed; from the service: redacted; never logged
  policy_overrides policy;
  std::vector<std::string> tags;
  nlohmann::json metadata = nlohmann::json::object();
  destination_state state = destination_state::enabled;
  std::string disabled_reason;
  std::optional<utc_time> disabled_at;
  utc_time created_at{};
  utc_time updated_at{};
  std::uint64_t version = 1;            ///< the ETag
  std::optional<health_status> health;  ///< in lists only; derived, never stored
};

/// A signing secret of a destination (seeds: webhook_secrets). Live while not expired; the newest is primary.
struct signing_secret {
  secret_id id;
  destination_id destination;
  std::string algorithm = "hmac-sha256";  ///< hmac-sha256 | hmac-sha512 | ed25519
  std::string secret;                     ///< in the store: sealed; in an answer: empty but for the one that made it
  bool customer_supplied = false;
  std::optional<utc_time> expires_at;
  utc_time created_at{};
  std::optional<utc_time> rotation_due_at;  ///< in answers only: created_at and security.secretRotationDays
};

/// What a destination's recent past looks like. Durable counters; the percentiles cover what this node saw lately.
struct destination_health {
  destination_id destination;
  health_status status = health_status::healthy;
  std::uint32_t consecutive_failures = 0;
  std::uint64_t total_failures = 0;    ///< failed attempts
  std::uint64_t total_deliveries = 0;  ///< delivered tasks
  double success_rate = 1.0;           ///< of the attempts, 0 to 1
  std::optional<utc_time> last_failure_at;
  std::optional<utc_time> last_success_at;
  std::string disabled_reason;
  std::optional<utc_time> disabled_at;
  breaker_state breaker = breaker_state::closed;
  std::optional<utc_time> breaker_opened_at;
  std::optional<utc_time> breaker_next_attempt_at;
  std::uint32_t breaker_openings = 0;  ///< in a row; doubles the recovery timeout
  std::optional<milliseconds> response_p50;
  std::optional<milliseconds> response_p95;
  std::optional<milliseconds> response_p99;
};

struct organization {
  organization_id id;
  std::string name;
  policy_overrides policy;
  utc_time created_at{};
  utc_time updated_at{};
  std::uint64_t version = 1;
};

/// An API key. The secret itself is never stored: only its SHA-256.
struct api_key {
  key_id id;
  organization_id organization;
  std::string name;
  role_set roles;
  sha256_digest secret_hash{};
  std::vector<destination_id> only_destinations;
  std::vector<std::string> allowed_ip_ranges;                            ///< CIDR; empty: any
  std::optional<std::pair<std::uint16_t, std::uint16_t>> allowed_hours;  ///< UTC minutes of the day [from, to); may wrap
  std::optional<utc_time> expires_at;
  std::optional<utc_time> last_used_at;
  std::optional<utc_time> revoked_at;
  utc_time created_at{};
};

}  // namespace waybill::core
