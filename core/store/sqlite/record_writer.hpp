// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/ordering_writer.hpp"
#include "core/store/sqlite/shard_epochs.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// Writes what attempts came to: the attempt, the task's way out of the queue or to its next time, and, added up over the
/// batch, the health of each destination and the counters. Runs inside the writer's transaction.
class record_writer {
public:
  record_writer(database& db, const shard_epochs& epochs, ordering_writer& ordering);

  result<std::vector<record_result>> record(const std::vector<attempt_record>& batch, utc_time now);

private:
  struct health_change {
    std::uint64_t failures = 0;
    std::uint64_t deliveries = 0;
    const destination_progress* last = nullptr;
  };

  result<record_result> record_one(const attempt_record& one, utc_time now);
  result<record_result> finish(const attempt_record& one, std::optional<std::int64_t> previous, utc_time now);
  result<record_result> postpone(const attempt_record& one, std::optional<std::int64_t> previous);
  result<record_result> settle(const attempt_record& one);
  result<std::int64_t> insert_attempt(const attempt& made, std::optional<std::int64_t> previous);
  result<void> write_health(utc_time now);
  result<void> write_counters();

  database& db_;
  const shard_epochs& epochs_;
  ordering_writer& ordering_;
  statement previous_;
  statement leave_;
  statement wait_;
  statement keyed_wait_;
  statement is_held_;
  statement attempt_;
  statement undo_attempt_;
  statement log_;
  statement health_;
  statement count_;

  // Of the batch under way.
  std::unordered_map<destination_id, health_change> health_changes_;
  std::uint64_t delivered_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace waybill::core::sqlite
