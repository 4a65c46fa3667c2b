// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/store/job_records.hpp"
#include "core/store/sqlite/task_reader.hpp"

namespace waybill::core::sqlite {

/// Finds dead letters: failed tasks that were not discarded. The caller holds the snapshot.
class dead_letter_reader {
public:
  dead_letter_reader(database& db, task_reader& tasks);

  result<page<dead_letter>> list(organization_id org, const dead_letter_filter& filter, const page_request& request);
  result<std::uint64_t> count(organization_id org, const dead_letter_filter& filter);
  result<dead_letter> get(organization_id org, task_id id);
  result<dead_letter_scan> scan(organization_id org, const dead_letter_filter& filter, task_id after, std::uint32_t limit,
                                std::uint32_t walk);
  /// Those of the keys that are dead letters still and died no later than `until`, in their order.
  result<std::vector<dead_row>> find(organization_id org, const std::vector<dead_letter_key>& keys, utc_time until);

private:
  result<dead_letter> letter(organization_id org, const dead_row& row, bool with_attempts);
  /// The task that is `walk` dead letters behind `after`; nothing if there are fewer.
  result<std::optional<task_id>> far_end(organization_id org, task_id after, std::uint32_t walk);

  database& db_;
  task_reader& tasks_;
  statement delivery_;
  statement one_;
  statement still_dead_;
  statement far_end_;
};

}  // namespace waybill::core::sqlite
