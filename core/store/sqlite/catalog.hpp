// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/store/backup/table_plan.hpp"
#include "core/store/sqlite/database.hpp"

namespace waybill::core::sqlite {

/// The tables of the file and their columns, SQLite's own left out.
[[nodiscard]] result<std::vector<catalog_table>> read_catalog(database& db);
/// The number of the newest migration that was applied; 0 for a file without any.
[[nodiscard]] result<std::uint32_t> read_schema(database& db);
/// `names` as they stand in SQL, separated by commas.
[[nodiscard]] std::string list_columns(const std::vector<table_column>& columns);

}  // namespace waybill::core::sqlite
