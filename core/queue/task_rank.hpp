// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/model/delivery.hpp"

/// The order in which the tasks of a destination go. One order for the store's claims and the window in memory:
///
///   rank  created_at less one ageing step for each level of priority, in milliseconds. Fixed for the life of a task, so a
///         table sorted by it stays sorted: two tasks never change places, and a task of priority 0 goes before every task of
///         priority 10 that came more than ten steps after it. Nothing starves.
///   turn  rank, put off by as long as the task waits for its time (scheduled, retry, redrive), and for a retry by
///         `retry_handicap`: of a backlog the first attempts go first, and a retry is overtaken for no longer than that.
namespace waybill::core {

inline constexpr milliseconds usual_ageing_step{60'000};
inline constexpr milliseconds retry_handicap{60'000};

[[nodiscard]] inline std::int64_t rank_of(utc_time created_at, std::uint8_t priority, milliseconds ageing_step) {
  return to_unix_ms(created_at) - priority * ageing_step.count();
}

/// The step that `rank_of` was given; 0 when the rank does not tell (priority 0 has the same rank with every step).
[[nodiscard]] inline milliseconds ageing_step_of(const task& t) {
  return milliseconds{t.priority == 0 ? 0 : (to_unix_ms(t.created_at) - t.rank) / t.priority};
}

[[nodiscard]] inline std::int64_t turn_of(const task& t) {
  const auto waited_for = to_unix_ms(t.due_at) - to_unix_ms(t.created_at);
  return t.rank + waited_for + (t.status == task_status::retrying ? retry_handicap.count() : 0);
}

/// By turn, then by age.
[[nodiscard]] bool goes_before(const task& a, const task& b);

}  // namespace waybill::core
