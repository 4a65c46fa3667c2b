// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/store/job_records.hpp"
#include "core/store/postgres/task_reader.hpp"

namespace waybill::core::postgres {

/// Finds dead letters: failed tasks that were not discarded. The caller holds the snapshot.
class dead_letter_reader {
public:
  dead_letter_reader(connection& db, task_reader& tasks);

  result<page<dead_letter>> list(organization_id org, const dead_letter_filter& filter, const page_request& request);
  result<std::uint64_t> count(organization_id org, const dead_letter_filter& filter);
  result<dead_letter> get(organization_id org, task_id id);
  result<dead_letter_scan> scan(organization_id org, const dead_letter_filter& filter, task_id after, std::uint32_t limit,
                                std::uint32_t walk);
  /// Those of the keys that are dead letters still and died no later than `until`, in the order of their tasks.
  result<std::vector<dead_row>> find(organization_id org, const std::vector<dead_letter_key>& keys, utc_time until);

private:
  result<std::vector<dead_letter>> letters(organization_id org, const std::vector<dead_row>& dead, bool with_attempts);
  /// The task that is `walk` dead letters behind `after`; nothing if there are fewer.
  result<std::optional<task_id>> far_end(organization_id org, task_id after, std::uint32_t walk);

  connection& db_;
  task_reader& tasks_;
  statement deliveries_;
  statement one_;
  statement still_dead_;
  statement far_end_;
  array_parameter ids_{oid::uuid};
  array_parameter destinations_{oid::uuid};
  array_parameter delivery_ids_{oid::uuid};
};

}  // namespace waybill::core::postgres
