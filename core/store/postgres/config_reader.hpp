// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/store/config_reads.hpp"
#include "core/store/postgres/engine.hpp"

namespace waybill::core::postgres {

/// config_reads in PostgreSQL's SQL.
class config_reader : public config_reads<engine> {
public:
  explicit config_reader(connection& db);
};

}  // namespace waybill::core::postgres
