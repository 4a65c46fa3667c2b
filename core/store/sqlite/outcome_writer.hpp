// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/delivery_reader.hpp"
#include "core/store/sqlite/ordering_writer.hpp"

namespace waybill::core::sqlite {

/// What people decide about tasks: cancel what waits, send what failed back to the queue, put dead letters away. Runs inside
/// the writer's transaction; the counters move with the tasks.
class outcome_writer {
public:
  outcome_writer(database& db, delivery_reader& deliveries, task_reader& tasks, ordering_writer& ordering);

  result<std::vector<task>> cancel(organization_id org, delivery_id id, const std::vector<destination_id>& only, utc_time now);
  /// All that waits for a destination; the caller has checked whose it is.
  result<std::vector<task>> cancel_all(destination_id id, utc_time now);
  result<std::vector<task>> retry(organization_id org, delivery_id id, const std::vector<destination_id>& only,
                                  std::uint64_t owner_epoch, utc_time now);
  /// Dead letters go back to the queue, those whose destination is gone excepted.
  result<std::vector<task>> redrive(organization_id org, const std::vector<dead_row>& dead, std::uint64_t owner_epoch,
                                    utc_time now);
  result<void> discard(const std::vector<dead_row>& dead, utc_time now);

private:
  result<std::vector<task>> waiting_of(const delivery_head& head, const std::vector<destination_id>& only,
                                       std::vector<std::string>& keys);
  /// Nothing when the destination is gone: then there is nowhere to go back to.
  result<std::optional<task>> move_back(const delivery_head& head, const stored_task& failed, std::uint64_t owner_epoch,
                                        utc_time now);
  result<milliseconds> ageing_step();
  result<bool> destination_exists(destination_id id);
  result<void> count_cancelled(std::int64_t tasks);
  result<void> count_revived(std::size_t tasks);

  ordering_writer& ordering_;
  delivery_reader& deliveries_;
  task_reader& tasks_;
  statement waiting_;
  statement waiting_at_;
  statement log_cancelled_;
  statement log_all_cancelled_;
  statement leave_;
  statement leave_all_;
  statement unlog_;
  statement enqueue_;
  statement ageing_;
  statement discard_;
  statement exists_;
  statement count_cancelled_;
  statement count_revived_;
};

}  // namespace waybill::core::sqlite
