// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/row_codec.hpp"
#include "core/store/sqlite/statement.hpp"
#include "core/store/stored_task.hpp"

namespace waybill::core::sqlite {

/// Reads tasks of deliveries and their attempts. Several statements: the caller holds the snapshot.
class task_reader {
public:
  explicit task_reader(database& db);

  /// Nothing for a task whose row is gone (retention).
  result<std::optional<stored_task>> find(const task_key& key);
  result<std::vector<stored_task>> find_all(const delivery_head& head);
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
