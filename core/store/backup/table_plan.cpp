// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/table_plan.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

template <class List>
auto named(List& list, std::string_view name) {
  return std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.name == name; });
}

bool is_own(const portable_table& table, own_columns own, std::string_view column) {
  const auto& list = table.*own;
  return named(list, column) != list.end();
}

tl::unexpected<error> unknown(const std::string& what) {
  return fail(error_code::internal_error, "the store has " + what + ", which backups do not know");
}

tl::unexpected<error> unfit(const std::string& what) {
  return fail(error_code::conflict, "the backup does not fit this store: " + what);
}

}  // namespace

result<std::vector<table_head>> plan_export(const std::vector<catalog_table>& catalog, own_columns own) {
  for (const auto& table : catalog)
    if (find_portable_table(table.name) == nullptr) return unknown("a table " + table.name);
  std::vector<table_head> out;
  for (const auto& known : portable_tables()) {
    const auto found = named(catalog, known.name);
    if (found == catalog.end()) continue;  // of an older schema
    table_head head{found->name, {}};
    for (const auto& column : found->columns) {
      if (is_own(known, own, column.name)) continue;
      if (column.kind == cell_kind::null) return unknown("a type in " + found->name + "." + column.name);
      head.columns.push_back(column);
    }
    out.push_back(std::move(head));
  }
  return out;
}

result<import_plan> plan_import(const std::vector<catalog_table>& catalog, const table_head& incoming, own_columns own) {
  const auto* known = find_portable_table(incoming.name);
  const auto target = named(catalog, incoming.name);
  if (known == nullptr || target == catalog.end()) return unfit("it has a table " + incoming.name);
  import_plan plan;
  plan.columns.name = incoming.name;
  for (const auto& column : incoming.columns) {
    const auto found = named(target->columns, column.name);
    if (found == target->columns.end() || is_own(*known, own, column.name))
      return unfit("it has a column " + incoming.name + "." + column.name);
    if (found->kind != column.kind) return unfit(incoming.name + "." + column.name + " is of another type");
    if (named(plan.columns.columns, column.name) != plan.columns.columns.end())
      return unfit(incoming.name + "." + column.name + " comes twice");
    plan.columns.columns.push_back(*found);
  }
  for (const auto& column : target->columns)
    if (!is_own(*known, own, column.name) && named(incoming.columns, column.name) == incoming.columns.end())
      return unfit("it has no column " + incoming.name + "." + column.name);
  for (const auto& column : known->*own)
    if (column.fill == own_column::filler::zero) plan.fillers.emplace_back(column.name);
  return plan;
}

}  // namespace waybill::core
