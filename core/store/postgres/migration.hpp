// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "core/store/postgres/connection.hpp"

namespace waybill::core::postgres {

/// One numbered step of the schema; released steps never change. Numbers grow, with gaps.
struct migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

/// The steps this binary knows, in order (generated from migrations/*.sql).
[[nodiscard]] const std::vector<migration>& all_migrations();

inline constexpr int newest_schema = 999;

/// Brings the schema to the newest step: each in a transaction of its own and all under an advisory lock, so that nodes which
/// start at once do not run one twice. Which were applied stands in the table waybill_schema. store_unavailable for a schema
/// that a newer binary wrote. `up_to`: no further than this number; where an older store is made that is brought to today's
/// schema with its rows in it.
[[nodiscard]] result<void> migrate(connection& db, int up_to = newest_schema);

}  // namespace waybill::core::postgres
