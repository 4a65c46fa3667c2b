// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/ordering_writer.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// Writes accepted requests: the delivery, its tasks in the queue, its tags, its idempotency row, the counters. A task whose
/// destination is gone is cancelled at once, as if the deletion had come just after. Runs inside the writer's transaction.
class accept_writer {
public:
  accept_writer(database& db, ordering_writer& ordering);

  result<std::vector<accept_result>> accept(const std::vector<new_delivery>& batch, utc_time now);
  /// After a rollback: what was remembered of the file may not be in it.
  void forget() {
    known_skew_ms_.reset();
    known_step_.reset();
  }

private:
  result<accept_result> accept_one(const new_delivery& request, utc_time now);
  /// The answer when the key was used before; nothing when it is free or past its window.
  result<std::optional<accept_result>> find_earlier(const new_delivery& request, utc_time now);
  result<std::optional<accept_result>> original(organization_id org, delivery_id id);
  result<void> insert_delivery(const new_delivery& request);
  result<void> refer_to_payload(const delivery& content);
  result<void> insert_tags(const delivery& content);
  result<void> insert_tasks(const new_delivery& request, utc_time now, std::vector<task_id>& held);
  result<void> insert_keyed(const task& one, const std::string& key, std::vector<task_id>& held);
  /// A destination may have been deleted since the request was checked: then nobody would ever take its task up.
  result<bool> destination_exists(destination_id id);
  result<void> insert_cancelled(const task& one, const delivery& content, utc_time now);
  result<void> note_id_clock(const delivery& content);
  result<void> note_ageing(const task& one);

  ordering_writer& ordering_;
  statement earlier_;
  statement original_;
  statement claim_key_;
  statement delivery_;
  statement refer_;
  statement tag_;
  statement task_;
  statement keyed_task_;
  statement exists_;
  statement cancelled_;
  statement count_;
  statement read_skew_;
  statement ageing_;
  statement write_skew_;
  std::optional<std::int64_t> known_skew_ms_;
  std::optional<milliseconds> known_step_;  ///< the newest of queue_ageing

  // Of the batch under way.
  std::unordered_map<destination_id, bool> existing_;
  std::size_t accepted_tasks_ = 0;
  std::size_t cancelled_tasks_ = 0;
};

}  // namespace waybill::core::sqlite
