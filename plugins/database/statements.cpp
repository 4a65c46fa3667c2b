// SPDX-License-Identifier: Apache-2.0
#include "statements.hpp"

#include <algorithm>

namespace waybill::database {
namespace {

std::string name_of(const table_settings& table) { return quoted(table.schema) + "." + quoted(table.table); }

}  // namespace

std::string quoted(std::string_view identifier) {
  std::string out = "\"";
  for (const char c : identifier) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + "\"";
}

std::string insert_statement(const table_settings& table, std::size_t rows) {
  const auto key = quoted(table.key_column);
  std::string out = "INSERT INTO " + name_of(table) + " AS t (" + key;
  for (const auto& one : table.values.columns()) out += ", " + quoted(one.column);
  out += ") VALUES ";
  const auto width = table.values.columns().size() + 1;
  for (std::size_t row = 0; row < rows; ++row) {
    out += row == 0 ? "(" : ", (";
    for (std::size_t i = 0; i < width; ++i) out.append(i == 0 ? "$" : ", $").append(std::to_string(row * width + i + 1));
    out += ")";
  }
  out += " ON CONFLICT (" + key + ") DO NOTHING RETURNING t." + key + "::text";
  if (!table.reference_column.empty()) out += ", t." + quoted(table.reference_column) + "::text";
  return out;
}

std::string reference_statement(const table_settings& table) {
  return "SELECT " + quoted(table.reference_column) + "::text FROM " + name_of(table) + " WHERE " + quoted(table.key_column) +
         " = $1";
}

std::size_t most_rows(const table_settings& table) {
  constexpr std::size_t most_parameters = 65'535;
  return std::max<std::size_t>(most_parameters / (table.values.columns().size() + 1), 1);
}

}  // namespace waybill::database
