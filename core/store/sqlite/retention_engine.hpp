// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "core/store/portable/audit_table.hpp"
#include "core/store/portable/erasure_table.hpp"
#include "core/store/portable/link_table.hpp"
#include "core/store/portable/retention_table.hpp"
#include "core/store/sqlite/retained_rows.hpp"

namespace waybill::core::sqlite {

/// What the portable tables need to know of this engine.
struct retention_engine {
  using connection = database;
  using statement = sqlite::statement;
  using rows = sqlite::rows;
  using delivery_rows = retained_rows;

  /// Deliveries between two looks at the clock.
  static constexpr std::size_t deliveries_at_once = 8;
  static statement once(database& db, std::string sql) { return {db, std::move(sql)}; }
};

using audit_table = portable::audit_table<retention_engine>;
using hold_table = portable::hold_table<retention_engine>;
using link_table = portable::link_table<retention_engine>;
using retention_table = portable::retention_table<retention_engine>;
using erasure_table = portable::erasure_table<retention_engine>;

/// Makes what is deleted while it lives be overwritten with zeros. Everywhere else that is off: a row that leaves the queue
/// would cost a page write.
class overwriting {
public:
  explicit overwriting(database& db) : db_(db) { static_cast<void>(db_.execute("PRAGMA secure_delete=ON")); }
  ~overwriting() { static_cast<void>(db_.execute("PRAGMA secure_delete=OFF")); }
  overwriting(const overwriting&) = delete;
  overwriting& operator=(const overwriting&) = delete;

private:
  database& db_;
};

}  // namespace waybill::core::sqlite
