// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "core/store/portable/audit_table.hpp"
#include "core/store/portable/erasure_table.hpp"
#include "core/store/portable/link_table.hpp"
#include "core/store/portable/retention_table.hpp"
#include "core/store/postgres/retained_rows.hpp"

namespace waybill::core::postgres {

/// What the portable tables need to know of this engine.
struct retention_engine {
  using connection = postgres::connection;
  using statement = postgres::statement;
  using rows = postgres::rows;
  using delivery_rows = retained_rows;

  /// Deliveries between two looks at the clock: a few round trips, however many.
  static constexpr std::size_t deliveries_at_once = 64;
  static statement once(connection& db, std::string sql) { return {db, std::move(sql), statement_life::once}; }
};

using audit_table = portable::audit_table<retention_engine>;
using hold_table = portable::hold_table<retention_engine>;
using link_table = portable::link_table<retention_engine>;
using retention_table = portable::retention_table<retention_engine>;
using erasure_table = portable::erasure_table<retention_engine>;

}  // namespace waybill::core::postgres
