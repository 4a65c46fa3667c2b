// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/store/postgres/accept_columns.hpp"
#include "core/store/postgres/certainty.hpp"
#include "core/store/postgres/ordering_writer.hpp"
#include "core/store/postgres/statement.hpp"
#include "core/store/postgres/transaction_counts.hpp"
#include "core/store/records.hpp"

namespace waybill::core::postgres {

/// Writes accepted requests: the deliveries, their tasks in the queue, tags, idempotency rows, the counters. A whole batch is
/// two statements in one round trip, whatever its size; idempotency keys, tags, ordering keys and payloads cost one more each
/// where a batch has any. A task whose destination is gone is cancelled at once, as if the deletion had come just after. Runs
/// inside the writer's transaction.
class accept_writer {
public:
  accept_writer(connection& db, ordering_writer& ordering, transaction_counts& counts);

  /// Foreseen: that the destinations are there and the requests have neither ordering keys nor payloads of their own.
  result<std::vector<accept_result>> accept(const std::vector<new_delivery>& batch, utc_time now, certainty how);
  /// After a rollback or on a new connection: what was remembered of the store may not be in it.
  void forget() {
    known_skew_ms_.reset();
    known_step_.reset();
  }

private:
  using answers = std::vector<accept_result>;

  result<void> find_earlier(const std::vector<new_delivery>& batch, utc_time now, answers& to);
  void find_repeated(const std::vector<new_delivery>& batch, answers& to) const;
  result<void> prepare_keyed(const std::vector<new_delivery>& batch, const answers& to);
  result<void> add_tasks(const new_delivery& request, std::int64_t number, accept_result& answer);
  result<std::int16_t> place_of_keyed(const task& one, const std::string& key, accept_result& answer);
  result<void> write(utc_time now, certainty how);
  result<void> take_answers(utc_time now);
  result<void> cancel_homeless(utc_time now);
  result<void> note_id_clock(const delivery& content);
  result<void> note_ageing(const task& one);

  connection& db_;
  ordering_writer& ordering_;
  transaction_counts& counts_;
  statement earlier_;
  statement numbers_;
  statement deliveries_;
  statement numbered_deliveries_;
  statement tasks_;
  statement foreseen_tasks_;
  statement keyed_tasks_;
  statement tags_;
  statement claim_keys_;
  statement refer_;
  statement homeless_;
  statement read_skew_;
  statement write_skew_;
  statement ageing_;
  std::optional<std::int64_t> known_skew_ms_;
  std::optional<milliseconds> known_step_;  ///< the newest of queue_ageing

  // Of the batch under way; the columns keep their memory from batch to batch.
  accept_columns columns_;
  std::vector<std::int64_t> numbers_of_batch_;  ///< deliveries.number by place in the batch; empty when no request has a key
  std::unordered_map<destination_id, std::unordered_map<std::string, bool>> key_waits_;
  std::size_t accepted_tasks_ = 0;
};

}  // namespace waybill::core::postgres
