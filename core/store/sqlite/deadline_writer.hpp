// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/order_records.hpp"
#include "core/store/sqlite/ordering_writer.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// Ends what was not delivered in time, wherever it waits: due, for its retry, for its schedule, behind a dead letter or a
/// disabled destination. Finds it by the index of deadlines, so tasks without one cost nothing. Runs inside the writer's
/// transaction; the counters move with the tasks.
class deadline_writer {
public:
  deadline_writer(database& db, ordering_writer& ordering);

  result<expire_result> expire(utc_time now, std::uint32_t limit);

private:
  struct late_task {
    task what;
    int deferred = 0;
    std::string ordering_key;
  };

  result<std::vector<late_task>> late(utc_time now, std::uint32_t limit);
  result<void> end(const late_task& one, utc_time now);
  result<std::optional<utc_time>> next();

  ordering_writer& ordering_;
  statement late_;
  statement next_;
  statement log_;
  statement leave_;
  statement count_;
};

}  // namespace waybill::core::sqlite
