// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/record_parser.hpp"

#include <algorithm>

#include "core/store/backup/records.hpp"

namespace waybill::core {
namespace {

using namespace backup_records;

constexpr std::size_t piece = 1'048'576;  // of a long text: memory grows only as bytes come

tl::unexpected<error> damaged(const char* what) {
  return fail(error_code::validation_error, std::string("the backup is damaged: ") + what);
}

bool is_value_kind(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(cell_kind::integer) && kind <= static_cast<std::uint8_t>(cell_kind::bytes);
}

}  // namespace

result<void> record_parser::fill() {
  if (at_ < filled_) return {};
  auto got = from_.read(buffer_.data(), buffer_.size());
  if (!got) return fail(got.error());
  at_ = 0;
  filled_ = *got;
  return {};
}

result<bool> record_parser::at_end() {
  if (auto done = fill(); !done) return fail(done.error());
  return filled_ == 0;
}

result<std::uint8_t> record_parser::byte() {
  if (auto done = fill(); !done) return fail(done.error());
  if (filled_ == 0) return damaged("it ends in the middle of a record");
  return static_cast<std::uint8_t>(buffer_[at_++]);
}

result<std::uint64_t> record_parser::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto next = byte();
    if (!next) return fail(next.error());
    const auto bits = std::uint64_t{*next & 0x7fu};
    if (shift == 63 && bits > 1) break;
    value |= bits << shift;
    if ((*next & 0x80u) == 0) return value;
  }
  return damaged("a number is too long");
}

result<std::int64_t> record_parser::signed_number() {
  const auto coded = number();
  if (!coded) return fail(coded.error());
  return static_cast<std::int64_t>((*coded >> 1) ^ ((*coded & 1) != 0 ? ~std::uint64_t{0} : 0));
}

result<void> record_parser::text(std::string& out, std::uint64_t longest) {
  const auto size = number();
  if (!size) return fail(size.error());
  if (*size > longest) return damaged("a text is too long");
  out.clear();
  for (auto left = *size; left > 0;) {
    if (auto done = fill(); !done) return done;
    if (filled_ == 0) return damaged("it ends in the middle of a record");
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>({left, filled_ - at_, piece}));
    out.append(buffer_, at_, take);
    at_ += take;
    left -= take;
  }
  return {};
}

result<void> record_parser::head(row_sink& sink) {
  const auto kind = byte();
  if (!kind) return fail(kind.error());
  if (static_cast<tag>(*kind) != tag::head) return damaged("it does not begin with its head");
  store_head head;
  if (auto done = text(head.engine, longest_name); !done) return done;
  if (auto done = text(head.program, longest_name); !done) return done;
  const auto schema = number();
  if (!schema) return fail(schema.error());
  if (*schema == 0 || *schema > 999) return damaged("its schema has no such number");
  head.schema = static_cast<std::uint32_t>(*schema);
  const auto time = signed_number();
  if (!time) return fail(time.error());
  constexpr std::int64_t end_of_years = 253'402'300'799'999;  // 9999-12-31
  if (*time < 0 || *time > end_of_years) return damaged("its time is none");
  head.taken_at = from_unix_ms(*time);
  return sink.begin(head);
}

result<void> record_parser::table(row_sink& sink) {
  table_ = {};
  if (auto done = text(table_.name, longest_name); !done) return done;
  const auto count = number();
  if (!count) return fail(count.error());
  if (*count == 0 || *count > most_columns) return damaged("a table has too many columns, or none");
  for (std::uint64_t i = 0; i < *count; ++i) {
    table_column column;
    if (auto done = text(column.name, longest_name); !done) return done;
    const auto kind = byte();
    if (!kind) return fail(kind.error());
    if (!is_value_kind(*kind)) return damaged("a column is of no known kind");
    column.kind = static_cast<cell_kind>(*kind);
    table_.columns.push_back(std::move(column));
  }
  cells_.assign(table_.columns.size(), {});
  texts_.resize(std::max(texts_.size(), table_.columns.size()));
  return sink.begin_table(table_);
}

result<void> record_parser::row(row_sink& sink) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto kind = byte();
    if (!kind) return fail(kind.error());
    auto& value = cells_[i];
    value = {static_cast<cell_kind>(*kind), 0, {}};
    if (value.kind == cell_kind::null) continue;
    if (value.kind != table_.columns[i].kind) return damaged("a cell is not of its column's kind");
    if (value.kind == cell_kind::integer) {
      const auto whole = signed_number();
      if (!whole) return fail(whole.error());
      value.number = *whole;
      continue;
    }
    if (auto done = text(texts_[i], longest_cell); !done) return done;
    value.bytes = texts_[i];
  }
  return sink.row(cells_);
}

result<void> record_parser::parse_into(row_sink& sink) {
  if (auto done = head(sink); !done) return done;
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
  bool in_table = false;
  for (;;) {
    const auto kind = byte();
    if (!kind) return fail(kind.error());
    const auto what = static_cast<tag>(*kind);
    if (in_table != (what == tag::row || what == tag::end_of_table)) return damaged("a record is out of place");
    if (what == tag::row) {
      ++rows;
      if (auto done = row(sink); !done) return done;
      continue;
    }
    if (what == tag::table) {
      in_table = true;
      rows = 0;
      ++tables;
      if (auto done = table(sink); !done) return done;
      continue;
    }
    if (what != tag::end_of_table && what != tag::end) return damaged("a record is of no known kind");
    const auto counted = number();
    if (!counted) return fail(counted.error());
    if (*counted != (what == tag::end ? tables : rows)) return damaged("it does not hold as much as it says");
    if (what == tag::end) break;
    in_table = false;
    if (auto done = sink.end_table(); !done) return done;
  }
  const auto end = at_end();
  if (!end) return fail(end.error());
  if (!*end) return damaged("something comes after its end");
  return {};
}

}  // namespace waybill::core
