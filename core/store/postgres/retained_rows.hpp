// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/store/postgres/delivery_reader.hpp"
#include "core/store/retained_delivery.hpp"

namespace waybill::core::postgres {

/// What retention and erasure do to the rows of deliveries, a batch in one round trip. Reads in any session, removes inside
/// the writer's transaction. Which deliveries may go is not decided here.
class retained_rows {
public:
  retained_rows(connection& db, delivery_reader& deliveries, task_reader& tasks);

  /// Those of `ids` that are there.
  result<std::vector<retained_delivery>> load(organization_id org, const std::vector<delivery_id>& ids);
  /// Deliveries with a dead letter from before the range's time, walked in the order of the dead letters' task ids.
  result<retention_candidates> dead_letters(const retention_range& range, std::uint32_t limit);

  /// A stage but that of dead letters. Gives the rows changed.
  result<std::uint64_t> apply(retention_stage stage, const std::vector<retained_delivery>& some);
  /// Everything of finished deliveries; adds to the counts.
  result<void> remove(const std::vector<retained_delivery>& some, row_counts& removed);

private:
  /// Fills the columns of the call under way.
  void name(const std::vector<retained_delivery>& some);
  result<void> mark_dead(std::vector<retained_delivery>& among);

  connection& db_;
  delivery_reader& deliveries_;
  task_reader& tasks_;
  statement dead_;
  statement dead_letters_;
  statement clear_records_;
  statement drop_early_attempts_;
  statement drop_content_;
  statement drop_attempts_;
  statement drop_logs_;
  statement drop_tags_;
  statement drop_keys_;
  statement drop_accesses_;
  statement drop_links_;
  statement drop_kept_;
  statement drop_deliveries_;

  array_parameter ids_{oid::uuid};
  array_parameter task_ids_{oid::uuid};
  array_parameter task_deliveries_{oid::uuid};
  array_parameter task_destinations_{oid::uuid};
  array_parameter tags_{oid::text};
  array_parameter tag_deliveries_{oid::uuid};
  array_parameter keys_{oid::text};
  array_parameter key_deliveries_{oid::uuid};
};

}  // namespace waybill::core::postgres
