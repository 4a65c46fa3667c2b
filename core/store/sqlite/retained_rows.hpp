// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/store/retained_delivery.hpp"
#include "core/store/sqlite/delivery_reader.hpp"

namespace waybill::core::sqlite {

/// What retention and erasure do to the rows of deliveries. Reads in any session, removes inside the writer's transaction.
/// Which deliveries may go is not decided here.
class retained_rows {
public:
  retained_rows(database& db, delivery_reader& deliveries, task_reader& tasks);

  /// Those of `ids` that are there.
  result<std::vector<retained_delivery>> load(organization_id org, const std::vector<delivery_id>& ids);
  /// Deliveries with a dead letter from before the range's time, walked in the order of the dead letters' task ids.
  result<retention_candidates> dead_letters(const retention_range& range, std::uint32_t limit);

  /// A stage but that of dead letters. Gives the rows changed.
  result<std::uint64_t> apply(retention_stage stage, const std::vector<retained_delivery>& some);
  /// Everything of finished deliveries; adds to the counts.
  result<void> remove(const std::vector<retained_delivery>& some, row_counts& removed);

private:
  result<bool> is_dead(const stored_task& failed);
  /// From the attempt at `row` back to the first; 0: there is none.
  result<std::uint64_t> clear_records(std::int64_t row);
  result<std::uint64_t> drop_attempts(std::int64_t row);
  result<std::uint64_t> drop_all_but_last(std::int64_t last);
  result<std::uint64_t> drop_content(const delivery_head& of);
  result<void> remove_one(const retained_delivery& d, row_counts& removed);

  delivery_reader& deliveries_;
  task_reader& tasks_;
  statement dead_;
  statement dead_letters_;
  statement previous_;
  statement clear_record_;
  statement drop_attempt_;
  statement cut_chain_;
  statement drop_content_;
  statement drop_tag_;
  statement drop_key_;
  statement drop_accesses_;
  statement drop_links_;
  statement drop_log_;
  statement drop_kept_;
  statement drop_delivery_;
};

}  // namespace waybill::core::sqlite
