// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/backup/table_plan.hpp"
#include "core/store/postgres/connection.hpp"

namespace waybill::core::postgres {

/// A column with the type its parameter has: whole numbers of any width are bigint.
struct typed_column {
  table_column column;
  std::uint32_t parameter_type = 0;
  bool is_identity = false;
};
struct typed_table {
  std::string name;
  std::vector<typed_column> columns;
};

/// The tables of the schema and their columns, but for the bookkeeping of migrations.
[[nodiscard]] result<std::vector<typed_table>> read_catalog(connection& db);
/// The number of the newest migration that was applied, as all engines count: the first one here is the first two elsewhere. 0
/// for a schema without any.
[[nodiscard]] result<std::uint32_t> read_schema(connection& db);
[[nodiscard]] std::vector<catalog_table> without_types(const std::vector<typed_table>& catalog);
/// `names` as they stand in SQL, separated by commas.
[[nodiscard]] std::string list_columns(const std::vector<table_column>& columns);

}  // namespace waybill::core::postgres
