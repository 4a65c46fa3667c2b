// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/row_packing.hpp"

/// What the rows of tasks and deliveries mean, whichever engine they were read from.
namespace waybill::core {

/// Everything that finds a task's row: what delivery_queue and delivery_logs have as their key.
struct task_key {
  destination_id destination;
  delivery_id delivery;
  task_id task;
  std::uint8_t priority = 5;
  utc_time created_at{};
};

/// A task as its one row says: from the queue while it waits, from the log afterwards.
struct stored_task {
  task_key key;
  task_status status = task_status::pending;           ///< parked: behind a dead letter of its ordering key
  failure_category category = failure_category::none;  ///< failed only
  std::uint32_t attempts = 0;
  std::uint32_t total_attempts = 0;
  utc_time created_at{};
  std::optional<utc_time> due_at;       ///< waiting only
  std::optional<utc_time> finished_at;  ///< finished only
  std::int64_t last_attempt = 0;        ///< delivery_attempts.row; 0: none
};

/// queued: no task was tried or finished; processing: some wait; all final: failed if any failed, cancelled if all were
/// cancelled, else completed.
[[nodiscard]] delivery_status derive_status(const std::vector<stored_task>& tasks);

/// What the task's own row says of it; destination and last attempt are added by the two below.
[[nodiscard]] task_view begin_view(const stored_task& task);
/// Makes a waiting task `parked` while its destination is disabled or its breaker open. A parked task waits for its
/// destination, not for its own time: behind a disabled one it has no time at all.
void park(task_view& view, destination_state state, breaker_state breaker, std::optional<utc_time> breaker_next);
void add_last_attempt(task_view& view, const attempt& last);
/// A task whose time was over failed by that, whatever its last attempt came to. After add_last_attempt.
void add_expiry(task_view& view, const stored_task& task);

/// A delivery's own row, content left out.
struct delivery_head {
  delivery content;
  std::uint64_t size = 0;
  std::vector<task_target> targets;
  bool content_expired = false;  ///< retention took it: what failed cannot be sent back
};

/// Whether a delivery passes everything in the filter but its status, which is the tasks' to say.
[[nodiscard]] bool head_matches(const delivery_head& head, const delivery_filter& filter);
/// Whether only deliveries with waiting tasks can have this status.
[[nodiscard]] bool waits(std::optional<delivery_status> status);
/// The first id that a UUIDv7 made in this millisecond can have (RFC 9562 section 5.7: the first 48 bits are the time).
[[nodiscard]] id_bytes first_id_at(std::int64_t unix_ms);

/// A dead letter's log row, as far as a redrive or a discard needs it.
struct dead_row {
  task_key key;  ///< priority unset: the log does not keep it
  failure_category category = failure_category::none;
  std::uint32_t attempts = 0;
  std::uint32_t total_attempts = 0;
  utc_time created_at{};
  utc_time finished_at{};
  std::int64_t last_attempt = 0;
};
enum class dead_letter_scope : std::uint8_t { all = 1, redrivable };
[[nodiscard]] stored_task as_stored(const dead_row& dead);

[[nodiscard]] tl::unexpected<error> no_such_delivery();
[[nodiscard]] tl::unexpected<error> no_content_any_more();
[[nodiscard]] tl::unexpected<error> no_such_destination();
[[nodiscard]] tl::unexpected<error> no_such_organization();

}  // namespace waybill::core
