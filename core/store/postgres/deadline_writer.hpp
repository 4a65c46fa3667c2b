// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/store/order_records.hpp"
#include "core/store/postgres/ordering_writer.hpp"
#include "core/store/postgres/statement.hpp"
#include "core/store/postgres/transaction_counts.hpp"

namespace waybill::core::postgres {

/// Ends what was not delivered in time, wherever it waits: due, for its retry, for its schedule, behind a dead letter or a
/// disabled destination. Finds it by the index of deadlines, so tasks without one cost nothing. Runs inside the writer's
/// transaction.
class deadline_writer {
public:
  deadline_writer(connection& db, ordering_writer& ordering, transaction_counts& counts);

  result<expire_result> expire(utc_time now, std::uint32_t limit);

private:
  ordering_writer& ordering_;
  transaction_counts& counts_;
  statement end_;
  statement next_;
};

}  // namespace waybill::core::postgres
