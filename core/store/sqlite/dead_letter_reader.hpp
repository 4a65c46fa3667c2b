// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/task_reader.hpp"

namespace waybill::core::sqlite {

/// A dead letter's log row, as far as a redrive or a discard needs it.
struct dead_row {
  task_key key;  ///< priority unset: the log does not keep it
  std::uint32_t attempts = 0;
  std::uint32_t total_attempts = 0;
  utc_time created_at{};
  utc_time finished_at{};
  std::int64_t last_attempt = 0;
};

enum class dead_letter_scope : std::uint8_t { all = 1, redrivable };

/// Finds dead letters: failed tasks that were not discarded. The caller holds the snapshot.
class dead_letter_reader {
public:
  dead_letter_reader(database& db, task_reader& tasks);

  result<page<dead_letter>> list(organization_id org, const dead_letter_filter& filter, const page_request& request);
  result<std::uint64_t> count(organization_id org, const dead_letter_filter& filter);
  /// Oldest first. `redrivable`: only those whose destination still exists.
  result<std::vector<dead_row>> oldest(organization_id org, const dead_letter_filter& filter, std::uint32_t limit,
                                       dead_letter_scope scope);

private:
  result<dead_letter> letter(organization_id org, const dead_row& row);

  database& db_;
  task_reader& tasks_;
  statement delivery_;
};

}  // namespace waybill::core::sqlite
