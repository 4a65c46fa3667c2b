// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/retention.hpp"

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
  /// Over which a destination that comes back (breaker closed, or enabled again) is brought to its full pace; 0: at once.
  std::chrono::milliseconds ramp_up{30'000};
};

struct limit_settings {
  std::uint32_t max_concurrency = 10;
  double rate_per_second = 0;  ///< 0: no limit
  std::uint32_t burst = 0;     ///< 0: max(1, rate)
};

/// What only the engine's operator sets, and only for an organization as a whole.
struct share_settings {
  std::uint32_t weight = 1;       ///< of the attempts under way on a node, where organizations compete for them
  std::uint64_t max_waiting = 0;  ///< tasks in the queue; beyond: 503 QUEUE_FULL. 0: the engine's setting
};

/// How many tasks go out in one call, where the handler takes several (feature `batch`). A batch leaves when it is full by
/// count or by bytes, or when its first task has waited `max_wait`.
struct batch_settings {
  std::uint32_t max_count = 1;                ///< 1: every task by itself
  std::uint64_t max_bytes = 1'048'576;        ///< of content; a task that alone has more rides alone
  std::chrono::milliseconds max_wait{1'000};  ///< 0: takes what is due and waits for nothing

  [[nodiscard]] bool is_on() const { return max_count > 1; }
};

/// What the later tasks of an ordering key do when the first of it fails. block: they wait until it is delivered, dead or
/// cancelled. park: they also wait behind a dead letter, until it was redriven and delivered, or discarded. skip: they pass
/// it while it waits for its retry.
enum class ordering_failure : std::uint8_t { block = 1, park, skip };
[[nodiscard]] std::string_view to_string(ordering_failure failure);
[[nodiscard]] std::optional<ordering_failure> ordering_failure_from(std::string_view text);

struct ordering_settings {
  ordering_failure on_failure = ordering_failure::block;
};

/// Everything that governs one destination, with no hole in it.
struct policy {
  retry_settings retry;
  breaker_settings breaker;
  limit_settings limits;
  std::uint32_t disable_threshold = 50;
  batch_settings batch{};
  ordering_settings ordering{};
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
    std::optional<std::chrono::milliseconds> ramp_up;
  } breaker;
  struct {
    std::optional<std::uint32_t> max_concurrency;
    std::optional<double> rate_per_second;
    std::optional<std::uint32_t> burst;
    std::optional<std::uint32_t> weight;       ///< an organization's only
    std::optional<std::uint64_t> max_waiting;  ///< an organization's only
  } limits;
  std::optional<std::uint32_t> disable_threshold;
  struct {
    std::optional<std::uint32_t> max_count;
    std::optional<std::uint64_t> max_bytes;
    std::optional<std::chrono::milliseconds> max_wait;
  } batch;
  struct {
    std::optional<ordering_failure> on_failure;
  } ordering;

  retention_overrides retention;  ///< of an organization only: a destination keeps what its organization keeps

  /// `base` with what is set here laid over it.
  [[nodiscard]] policy over(policy base) const;
  [[nodiscard]] share_settings share() const;
};

/// Reads the JSON form; every fault at once, pointers prefixed with `pointer` ("/policy"). Unknown members are faults; for a
/// destination so are those that are an organization's only.
enum class policy_scope : std::uint8_t { organization = 1, destination };
[[nodiscard]] result<policy_overrides> policy_from_json(const nlohmann::json& json, const std::string& pointer,
                                                        policy_scope scope = policy_scope::organization);
/// Only what is set.
[[nodiscard]] nlohmann::json to_json(const policy_overrides& overrides);
[[nodiscard]] nlohmann::json to_json(const policy& effective);

}  // namespace waybill::core
