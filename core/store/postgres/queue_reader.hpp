// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/postgres/engine.hpp"
#include "core/store/queue_counts.hpp"

namespace waybill::core::postgres {

/// queue_reads in PostgreSQL's SQL.
class queue_reader : public queue_reads<engine> {
public:
  explicit queue_reader(connection& db);
};

}  // namespace waybill::core::postgres
