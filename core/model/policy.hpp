// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/error.hpp"

#include <nlohmann/json_fwd.hpp>

namespace waybill::core {

/// How a task is retried (architecture section 7). `max_attempts` counts every try, the first included.
struct retry_settings {
  std::uint32_t max_attempts = 6;
  std::chrono::milliseconds initial_delay{1'000};
  double multiplier = 2.0;
  std::chrono::milliseconds max_delay{5 * 60 * 1'000};
  double jitter_factor = 0.1;
  std::vector<std::chrono::milliseconds> schedule;  ///< replaces the formula when not empty; the last entry repeats
};

struct breaker_settings {
  std::uint32_t failure_threshold = 10;
  std::chrono::milliseconds recovery_timeout{300'000};
  std::chrono::milliseconds max_recovery_timeout{60 * 60 * 1'000};
  std::uint32_t half_open_max_calls = 3;
};

struct limit_settings {
  std::uint32_t max_concurrency = 10;
  double rate_per_second = 0;  ///< 0: no limit
  std::uint32_t burst = 0;     ///< 0: max(1, rate)
};

/// Everything that governs one destination, with no hole in it.
struct policy {
  retry_settings retry;
  breaker_settings breaker;
  limit_settings limits;
  std::uint32_t disable_threshold = 50;
};

/// What an organization or a destination sets of a policy; an unset value is inherited. Destination before organization
/// before engine: the nearest wins. JSON form: api.md "A destination", member `policy`.
struct policy_overrides {
  struct {
    std::optional<std::uint32_t> max_attempts;
    std::optional<std::chrono::milliseconds> initial_delay;
    std::optional<double> multiplier;
    std::optional<std::chrono::milliseconds> max_delay;
    std::optional<double> jitter_factor;
    std::optional<std::vector<std::chrono::milliseconds>> schedule;
  } retry;
  struct {
    std::optional<std::uint32_t> failure_threshold;
    std::optional<std::chrono::milliseconds> recovery_timeout;
    std::optional<std::uint32_t> half_open_max_calls;
  } breaker;
  struct {
    std::optional<std::uint32_t> max_concurrency;
    std::optional<double> rate_per_second;
    std::optional<std::uint32_t> burst;
  } limits;
  std::optional<std::uint32_t> disable_threshold;

  /// `base` with what is set here laid over it.
  [[nodiscard]] policy over(policy base) const;
};

/// Reads the JSON form; every fault at once, pointers prefixed with `pointer` ("/policy"). Unknown members are faults.
[[nodiscard]] result<policy_overrides> policy_from_json(const nlohmann::json& json, const std::string& pointer);
/// Only what is set.
[[nodiscard]] nlohmann::json to_json(const policy_overrides& overrides);
[[nodiscard]] nlohmann::json to_json(const policy& effective);

}  // namespace waybill::core
