// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/store/postgres/delivery_reader.hpp"
#include "core/store/postgres/ordering_writer.hpp"
#include "core/store/postgres/transaction_counts.hpp"
#include "core/store/records.hpp"

namespace waybill::core::postgres {

/// What people decide about tasks: cancel what waits, send what failed back to the queue, put dead letters away. Runs inside
/// the writer's transaction; the counters move with the tasks.
class outcome_writer {
public:
  outcome_writer(connection& db, delivery_reader& deliveries, task_reader& tasks, ordering_writer& ordering,
                 transaction_counts& counts);

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
  /// Nothing when the destination is gone: then there is nowhere to go back to.
  result<std::optional<task>> move_back(const delivery_head& head, const stored_task& failed, std::uint64_t owner_epoch,
                                        utc_time now);
  result<milliseconds> ageing_step();
  result<bool> destination_exists(destination_id id);

  ordering_writer& ordering_;
  delivery_reader& deliveries_;
  task_reader& tasks_;
  transaction_counts& counts_;
  statement cancel_;
  statement cancel_all_;
  statement unlog_;
  statement enqueue_;
  statement ageing_;
  statement discard_;
  statement exists_;
};

}  // namespace waybill::core::postgres
