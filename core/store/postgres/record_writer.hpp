// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/store/postgres/array_parameter.hpp"
#include "core/store/postgres/certainty.hpp"
#include "core/store/postgres/ordering_writer.hpp"
#include "core/store/postgres/shard_epochs.hpp"
#include "core/store/postgres/statement.hpp"
#include "core/store/postgres/transaction_counts.hpp"
#include "core/store/records.hpp"

namespace waybill::core::postgres {

/// Writes what attempts came to: the attempts, the tasks' way out of the queue or to their next time, and, added up over the
/// batch, the health of each destination and the counters. A batch of any size is three statements at most: the tasks that
/// ended, those that wait, the health. Runs inside the writer's transaction.
class record_writer {
public:
  record_writer(connection& db, const shard_epochs& epochs, ordering_writer& ordering, transaction_counts& counts);

  /// Foreseen: that the tasks are there and have no ordering keys.
  result<std::vector<record_result>> record(const std::vector<attempt_record>& batch, utc_time now, certainty how);

private:
  using answers = std::vector<record_result>;

  /// The outcomes of tasks, column by column; `due_at` to `ordering_state` are for those that wait only.
  struct columns {
    array_parameter place{oid::bigint}, task{oid::uuid}, epoch{oid::bigint}, destination{oid::uuid}, delivery{oid::uuid},
        organization{oid::uuid}, created_at{oid::bigint}, status{oid::bigint}, attempts{oid::bigint},
        total_attempts{oid::bigint}, size{oid::bigint}, sha256{oid::bytea}, idempotency{oid::text}, correlation{oid::text},
        id{oid::uuid}, number{oid::bigint}, started_at{oid::bigint}, duration{oid::bigint}, action{oid::bigint},
        category{oid::bigint}, code{oid::bigint}, retry_after{oid::bigint}, bytes_sent{oid::bigint}, disable{oid::boolean},
        reference{oid::text}, detail{oid::text}, message{oid::text}, request{oid::text}, response{oid::text},
        due_at{oid::bigint}, ordering_state{oid::bigint};
    void clear();
  };
  struct health_columns {
    array_parameter destination{oid::uuid}, failures{oid::bigint}, deliveries{oid::bigint}, consecutive{oid::bigint},
        breaker{oid::bigint}, opened_at{oid::bigint}, next_attempt_at{oid::bigint}, openings{oid::bigint};
    void clear();
  };
  struct health_change {
    std::uint64_t failures = 0;
    std::uint64_t deliveries = 0;
    const destination_progress* last = nullptr;
  };

  /// From `first` on, up to a task that is in there already: its second outcome must find what the first left.
  result<std::size_t> record_some(const std::vector<attempt_record>& batch, std::size_t first, utc_time now, certainty how,
                                  answers& to);
  result<void> add(const attempt_record& one, std::size_t place);
  static void add_attempt(const attempt_record& one, std::size_t place, columns& to);
  template <class... More>
  void send_finished(statement& to, answer_use use, utc_time now, const More&... more);
  template <class... More>
  void send_waiting(statement& to, answer_use use, const More&... more);
  void send_foreseen(utc_time now);
  result<void> write(const std::vector<attempt_record>& batch, std::size_t first, std::size_t end, utc_time now, answers& to);
  void count(const attempt_record& one);
  result<void> settle(const std::vector<attempt_record>& batch, std::size_t first, std::size_t end, answers& to);
  result<record_result> settle_waiting(const attempt_record& one);
  void note(const attempt_record& one);
  void send_health(utc_time now);

  connection& db_;
  const shard_epochs& epochs_;
  ordering_writer& ordering_;
  transaction_counts& counts_;
  statement finish_;
  statement finish_all_;
  statement wait_;
  statement wait_all_;
  statement is_held_;
  statement health_;

  // Of the batch under way; the columns keep their memory from batch to batch.
  columns finished_;
  columns waiting_;
  health_columns health_columns_;
  std::unordered_map<destination_id, health_change> health_changes_;
};

}  // namespace waybill::core::postgres
