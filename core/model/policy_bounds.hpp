// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// What a value of a policy may be, wherever it is set: engine, organization or destination. Both ends are allowed.
namespace waybill::core::bounds {

struct whole {
  std::int64_t least;
  std::int64_t most;
};
struct real {
  double least;
  double most;
};

inline constexpr std::int64_t hour_ms = 60LL * 60 * 1'000;
inline constexpr std::int64_t day_ms = 24 * hour_ms;

inline constexpr whole max_attempts{1, 100};
inline constexpr whole initial_delay_ms{1, day_ms};
inline constexpr real multiplier{1, 10};
inline constexpr whole max_delay_ms{1, 7 * day_ms};
inline constexpr real jitter_factor{0, 1};
inline constexpr whole schedule_entry_ms{0, 30 * day_ms};
inline constexpr std::size_t schedule_entries = 100;

inline constexpr whole failure_threshold{1, 1'000'000};
inline constexpr whole recovery_timeout_ms{1, day_ms};
inline constexpr whole half_open_max_calls{1, 1'000};

inline constexpr whole ramp_up_ms{0, hour_ms};

inline constexpr whole max_concurrency{1, 10'000};
inline constexpr real rate_per_second{0, 1'000'000};
inline constexpr whole burst{0, 1'000'000};
inline constexpr whole weight{1, 1'000};
inline constexpr whole max_waiting{1, 1'000'000'000'000};

inline constexpr whole batch_count{1, 1'000};
inline constexpr whole batch_bytes{1'024, 16LL * 1'048'576};  // what one destination holds in memory
inline constexpr whole batch_wait_ms{0, hour_ms};

inline constexpr whole disable_threshold{1, 1'000'000};

}  // namespace waybill::core::bounds
