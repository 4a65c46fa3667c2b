// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/postgres/statement.hpp"
#include "core/store/records.hpp"
#include "core/store/stored_task.hpp"

namespace waybill::core::postgres {

/// Reads tasks of deliveries and their attempts, many at a time: a call costs one round trip however many it is asked for.
/// The caller holds the snapshot.
class task_reader {
public:
  explicit task_reader(connection& db);

  /// The tasks of each delivery, in the order of its targets; those whose row is gone (retention) are left out.
  result<std::vector<std::vector<stored_task>>> find_all(const std::vector<delivery_head>& heads);
  result<std::vector<stored_task>> find_all(const delivery_head& head);
  /// One for each task, in order. With attempts: oldest first, request and response left out.
  result<std::vector<task_view>> views(const std::vector<stored_task>& tasks, bool with_attempts);
  /// One attempt with everything, if it is one of these tasks'.
  result<std::optional<attempt>> find_attempt(const std::vector<stored_task>& tasks, attempt_id id);

private:
  void name(const std::vector<stored_task>& tasks);

  connection& db_;
  statement queue_;
  statement log_;
  statement destinations_;
  statement last_attempts_;
  statement attempts_;
  statement attempt_;

  // Columns of the call under way.
  array_parameter tasks_{oid::uuid};
  array_parameter deliveries_{oid::uuid};
  array_parameter destination_ids_{oid::uuid};
};

}  // namespace waybill::core::postgres
