// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/queue_counts.hpp"
#include "core/store/sqlite/engine.hpp"

namespace waybill::core::sqlite {

/// queue_reads in SQLite's SQL.
class queue_reader : public queue_reads<engine> {
public:
  explicit queue_reader(database& db);
};

}  // namespace waybill::core::sqlite
