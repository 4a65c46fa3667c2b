// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/catalog.hpp"

#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {
namespace {

cell_kind kind_of(std::string_view declared) {
  if (declared == "INTEGER") return cell_kind::integer;
  if (declared == "TEXT") return cell_kind::text;
  if (declared == "BLOB") return cell_kind::bytes;
  return cell_kind::null;
}

}  // namespace

result<std::vector<catalog_table>> read_catalog(database& db) {
  statement read(db,
                 "SELECT t.name, c.name, c.type FROM sqlite_schema t JOIN pragma_table_info(t.name) c "
                 "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name, c.cid");
  std::vector<catalog_table> out;
  auto found = read.query();
  while (found.next()) {
    if (out.empty() || out.back().name != found.bytes(0)) out.push_back({found.text(0), {}});
    out.back().columns.push_back({found.text(1), kind_of(found.bytes(2))});
  }
  if (found.failed()) return fail(found.failure());
  return out;
}

result<std::uint32_t> read_schema(database& db) {
  statement read(db, "PRAGMA user_version");
  auto found = read.query();
  if (!found.next()) return fail(db.failure());
  return found.number<std::uint32_t>(0);
}

std::string list_columns(const std::vector<table_column>& columns) {
  std::string out;
  for (const auto& column : columns) out += (out.empty() ? "\"" : ", \"") + column.name + '"';
  return out;
}

}  // namespace waybill::core::sqlite
