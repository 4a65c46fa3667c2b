// SPDX-License-Identifier: Apache-2.0
#include "tests/store/backup/row_streams.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "core/store/postgres/catalog.hpp"
#include "core/store/postgres/migration.hpp"
#include "core/store/postgres/server_url.hpp"
#include "core/store/sqlite/catalog.hpp"
#include "core/store/sqlite/migration.hpp"

namespace waybill::core::test {
namespace {

constexpr int rows_each = 3;

/// Numbers that tell the rows of a table apart; all others are 1, which a truth value can be, too.
const std::set<std::string> distinct_numbers{"number", "shard", "row", "step_ms", "ordering_number"};

value sample_of(const table_column& column, int row) {
  if (column.kind == cell_kind::integer) return whole(distinct_numbers.count(column.name) != 0 ? row + 1 : 1);
  if (column.kind == cell_kind::text) return text("text " + std::to_string(row) + " \xc3\xa9");
  return bytes(id_of(static_cast<std::uint8_t>(row + 1)));
}

postgres::connection connect(const std::string& url) {
  return postgres::connection(must(postgres::connection_settings_of(url, {})), postgres::connection_kind::writer);
}

}  // namespace

value whole(std::int64_t number) { return {cell_kind::integer, number, {}}; }
value text(std::string text) { return {cell_kind::text, 0, std::move(text)}; }
value bytes(std::string bytes) { return {cell_kind::bytes, 0, std::move(bytes)}; }

std::string id_of(std::uint8_t number) {
  std::string id(16, '\0');
  id[6] = '\x70';
  id[8] = '\x80';
  id[15] = static_cast<char>(number);
  return id;
}

result<void> memory_store::begin(const store_head& given) {
  head = given;
  return {};
}

result<void> memory_store::begin_table(const table_head& table) {
  tables_.push_back({table, {}});
  return {};
}

result<void> memory_store::row(const std::vector<cell>& cells) {
  auto& table = tables_.back();
  named_row row;
  for (std::size_t i = 0; i < cells.size(); ++i)
    row[table.head.columns[i].name] = {cells[i].kind, cells[i].number, std::string(cells[i].bytes)};
  table.rows.push_back(std::move(row));
  return {};
}

result<void> memory_store::finish() {
  is_finished = true;
  return {};
}

result<void> memory_store::pour_into(row_sink& sink) {
  if (auto done = sink.begin(head); !done) return done;
  for (const auto& table : tables_) {
    if (auto done = sink.begin_table(table.head); !done) return done;
    for (const auto& row : table.rows) {
      std::vector<cell> cells;
      for (const auto& column : table.head.columns) {
        const auto& v = row.at(column.name);
        cells.push_back({v.kind, v.number, v.bytes});
      }
      if (auto done = sink.row(cells); !done) return done;
    }
    if (auto done = sink.end_table(); !done) return done;
  }
  return sink.finish();
}

void memory_store::add(const table_head& table, std::vector<named_row> rows) { tables_.push_back({table, std::move(rows)}); }

std::map<std::string, std::vector<named_row>> memory_store::sorted() const {
  std::map<std::string, std::vector<named_row>> out;
  for (const auto& table : tables_) {
    auto rows = table.rows;
    std::sort(rows.begin(), rows.end());
    out[table.head.name] = std::move(rows);
  }
  return out;
}

result<std::size_t> memory_bytes::read(char* to, std::size_t room) {
  const auto size = std::min(room, left_.size());
  std::memcpy(to, left_.data(), size);
  left_.remove_prefix(size);
  return size;
}

std::string empty_place(const engine& which, const std::filesystem::path& folder) {
  const auto url = which.url(folder);
  if (which.name == "postgresql") {
    auto db = connect(url);
    must(db.open());
    must(db.execute_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
  }
  return url;
}

std::vector<table_head> tables_at(const engine& which, std::uint32_t schema, const std::filesystem::path& folder) {
  if (which.name == "sqlite") {
    auto db = must(sqlite::database::open((folder / "catalog.db").string(), sqlite::connection_kind::writer));
    must(sqlite::migrate(db, schema));
    return must(plan_export(must(sqlite::read_catalog(db)), &portable_table::sqlite_only));
  }
  const auto url = empty_place(which, folder);
  auto migrating = connect(url);
  must(postgres::migrate(migrating, static_cast<int>(schema)));
  auto db = connect(url);
  must(db.open());
  return must(plan_export(postgres::without_types(must(postgres::read_catalog(db))), &portable_table::postgres_only));
}

std::vector<std::uint32_t> schemas_of(const engine& which) {
  std::set<std::uint32_t> out;
  if (which.name == "sqlite")
    for (const auto& step : sqlite::all_migrations()) out.insert(static_cast<std::uint32_t>(step.number()));
  else
    for (const auto& step : postgres::all_migrations()) out.insert(std::max(2u, static_cast<std::uint32_t>(step.number)));
  return {out.begin(), out.end()};
}

memory_store rows_in_every_table(const std::vector<table_head>& tables, std::uint32_t schema) {
  memory_store made;
  made.head.schema = schema;
  for (const auto& table : tables) {
    const bool has_one_row =
        std::any_of(table.columns.begin(), table.columns.end(), [](const auto& c) { return c.name == "one"; });
    std::vector<named_row> rows;
    for (int i = 0; i < (has_one_row ? 1 : rows_each); ++i) {
      named_row row;
      for (const auto& column : table.columns) row[column.name] = sample_of(column, i);
      rows.push_back(std::move(row));
    }
    made.add(table, std::move(rows));
  }
  return made;
}

result<void> pour(const std::string& from, row_sink& to, source_use use) {
  auto source = open_source(from, {}, use);
  if (!source) return fail(source.error());
  return (*source)->pour_into(to);
}

result<void> pour(row_source& from, const std::string& to) {
  auto target = open_target(to, {});
  if (!target) return fail(target.error());
  return from.pour_into(**target);
}

}  // namespace waybill::core::test
