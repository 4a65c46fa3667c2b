// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/row_codec.hpp"

namespace waybill::core::sqlite {

/// Everything that finds a task's row: what delivery_queue and delivery_logs have as their key.
struct task_key {
  destination_id destination;
  delivery_id delivery;
  task_id task;
  std::uint8_t priority = 5;
};

/// A task as its one row says: from the queue while it waits, from the log afterwards.
struct stored_task {
  task_key key;
  task_status status = task_status::pending;
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

/// Reads tasks of deliveries and their attempts. Several statements: the caller holds the snapshot.
class task_reader {
public:
  explicit task_reader(database& db);

  /// Nothing for a task whose row is gone (retention).
  result<std::optional<stored_task>> find(const task_key& key);
  result<std::vector<stored_task>> find_all(delivery_id delivery, std::uint8_t priority,
                                            const std::vector<task_target>& targets);
  result<task_view> view(const stored_task& task, bool with_attempts);
  /// Oldest first; request and response left out.
  result<std::vector<attempt>> attempts(std::int64_t last);
  /// One attempt with everything, among those that end with `last`.
  result<std::optional<attempt>> find_attempt(std::int64_t last, attempt_id id);

private:
  result<void> add_destination(task_view& view);
  result<std::optional<attempt>> read_attempt(std::int64_t row, std::int64_t& previous);

  statement log_;
  statement queue_;
  statement destination_;
  statement attempt_;
};

}  // namespace waybill::core::sqlite
