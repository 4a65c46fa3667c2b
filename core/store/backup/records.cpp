// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/records.hpp"

namespace waybill::core::backup_records {

void append_number(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

void append_signed(std::string& to, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  append_number(to, (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void append_text(std::string& to, std::string_view text) {
  append_number(to, text.size());
  to.append(text);
}

void append_head(std::string& to, const store_head& head) {
  to.push_back(static_cast<char>(tag::head));
  append_text(to, head.engine);
  append_text(to, head.program);
  append_number(to, head.schema);
  append_signed(to, to_unix_ms(head.taken_at));
}

void append_table(std::string& to, const table_head& table) {
  to.push_back(static_cast<char>(tag::table));
  append_text(to, table.name);
  append_number(to, table.columns.size());
  for (const auto& column : table.columns) {
    append_text(to, column.name);
    to.push_back(static_cast<char>(column.kind));
  }
}

void append_row(std::string& to, const std::vector<cell>& cells) {
  to.push_back(static_cast<char>(tag::row));
  for (const auto& value : cells) {
    to.push_back(static_cast<char>(value.kind));
    if (value.kind == cell_kind::integer) append_signed(to, value.number);
    if (value.kind == cell_kind::text || value.kind == cell_kind::bytes) append_text(to, value.bytes);
  }
}

}  // namespace waybill::core::backup_records
