// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/config_reads.hpp"
#include "core/store/sqlite/engine.hpp"

namespace waybill::core::sqlite {

/// config_reads in SQLite's SQL.
class config_reader : public config_reads<engine> {
public:
  explicit config_reader(database& db);
};

}  // namespace waybill::core::sqlite
