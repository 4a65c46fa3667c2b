// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/catalog.hpp"

#include <algorithm>

#include "core/store/postgres/statement.hpp"

namespace waybill::core::postgres {
namespace {

constexpr std::uint32_t first_here_is = 2;  // 001 has what 001 and 002 are in SQLite

struct type_name {
  std::string_view name;
  cell_kind kind;
  std::uint32_t parameter_type;
};
constexpr type_name known_types[] = {
    {"int2", cell_kind::integer, oid::bigint}, {"int4", cell_kind::integer, oid::bigint},
    {"int8", cell_kind::integer, oid::bigint}, {"bool", cell_kind::integer, oid::boolean},
    {"text", cell_kind::text, oid::text},      {"bytea", cell_kind::bytes, oid::bytea},
    {"uuid", cell_kind::bytes, oid::uuid},
};

std::uint32_t shared_number(int step) { return std::max(static_cast<std::uint32_t>(step), first_here_is); }

}  // namespace

result<std::vector<typed_table>> read_catalog(connection& db) {
  statement read(db,
                 "SELECT c.relname::text, a.attname::text, t.typname::text, a.attidentity <> '' "
                 "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid "
                 "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> 'waybill_schema' "
                 "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
                 statement_life::once);
  std::vector<typed_table> out;
  auto found = read.query();
  while (found.next()) {
    if (out.empty() || out.back().name != found.bytes(0)) out.push_back({found.text(0), {}});
    typed_column column{{found.text(1), cell_kind::null}, 0, found.integer(3) != 0};
    for (const auto& type : known_types)
      if (type.name == found.bytes(2)) column.column.kind = type.kind, column.parameter_type = type.parameter_type;
    out.back().columns.push_back(std::move(column));
  }
  if (found.failed()) return fail(found.failure());
  return out;
}

result<std::uint32_t> read_schema(connection& db) {
  statement is_there(db, "SELECT to_regclass(format('%I.waybill_schema', current_schema())) IS NOT NULL", statement_life::once);
  auto there = is_there.query();
  if (!there.next()) return fail(there.failure());
  if (there.integer(0) == 0) return 0;
  statement read(db, "SELECT max(number)::bigint FROM waybill_schema", statement_life::once);
  auto found = read.query();
  if (!found.next()) return fail(found.failure());
  return found.is_null(0) ? 0 : shared_number(found.number<int>(0));
}

std::vector<catalog_table> without_types(const std::vector<typed_table>& catalog) {
  std::vector<catalog_table> out;
  for (const auto& table : catalog) {
    out.push_back({table.name, {}});
    for (const auto& column : table.columns) out.back().columns.push_back(column.column);
  }
  return out;
}

std::string list_columns(const std::vector<table_column>& columns) {
  std::string out;
  for (const auto& column : columns) out += (out.empty() ? "\"" : ", \"") + column.name + '"';
  return out;
}

}  // namespace waybill::core::postgres
