// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/store/backup/portable_tables.hpp"
#include "core/store/backup/rows.hpp"

namespace waybill::core {

/// A table as an engine's catalog tells of it; `kind` null: of a type that a backup does not know.
struct catalog_table {
  std::string name;
  std::vector<table_column> columns;
};

/// The columns that this engine keeps to itself.
using own_columns = std::vector<own_column> portable_table::*;

/// What to export of a catalog, in order. internal_error names a table that portable_tables() does not know, or a column of a
/// type that no cell can hold.
[[nodiscard]] result<std::vector<table_head>> plan_export(const std::vector<catalog_table>& catalog, own_columns own);

/// A table of a stream against the one it goes into. `fillers`: own columns that need a value of zero.
struct import_plan {
  table_head columns;  ///< of the stream, with the kinds the target has
  std::vector<std::string> fillers;
};
/// conflict if the two do not fit: a column that the target does not have, or that the stream should have and has not.
[[nodiscard]] result<import_plan> plan_import(const std::vector<catalog_table>& catalog, const table_head& incoming,
                                              own_columns own);

}  // namespace waybill::core
