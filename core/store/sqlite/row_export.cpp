// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/row_export.hpp"

#include <filesystem>

#include "core/store/backup/newest_schema.hpp"
#include "core/store/sqlite/catalog.hpp"
#include "core/store/sqlite/migration.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {
namespace {

class row_export final : public row_source {
public:
  explicit row_export(database db) : db_(std::move(db)) {}

  result<void> pour_into(row_sink& sink) override {
    if (auto begun = db_.execute("BEGIN"); !begun) return begun;
    auto done = pour_snapshot(sink);
    static_cast<void>(db_.execute("ROLLBACK"));  // nothing was written
    if (!done) return done;
    return sink.finish();
  }

private:
  result<void> pour_snapshot(row_sink& sink) {
    const auto schema = read_schema(db_);
    if (!schema) return fail(schema.error());
    if (*schema == 0 || *schema > newest_schema_known())
      return fail(error_code::store_unavailable, "the store has schema " + std::to_string(*schema) +
                                                     ", this program knows 1 to " + std::to_string(newest_schema_known()));
    const auto catalog = read_catalog(db_);
    if (!catalog) return fail(catalog.error());
    const auto tables = plan_export(*catalog, &portable_table::sqlite_only);
    if (!tables) return fail(tables.error());
    if (auto done = sink.begin({"sqlite", WAYBILL_VERSION, *schema, system_clock{}.now()}); !done) return done;
    for (const auto& table : *tables)
      if (auto done = pour_table(table, sink); !done) return done;
    return {};
  }

  result<void> pour_table(const table_head& table, row_sink& sink) {
    if (auto done = sink.begin_table(table); !done) return done;
    statement read(db_, "SELECT " + list_columns(table.columns) + " FROM \"" + table.name + '"');
    std::vector<cell> cells(table.columns.size());
    auto found = read.query();
    while (found.next()) {
      for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = cell_at(found, static_cast<int>(i), table.columns[i].kind);
      if (auto done = sink.row(cells); !done) return done;
    }
    if (found.failed()) return fail(found.failure());
    return sink.end_table();
  }

  static cell cell_at(const rows& from, int column, cell_kind kind) {
    if (from.is_null(column)) return {};
    if (kind == cell_kind::integer) return {kind, from.integer(column), {}};
    return {kind, 0, from.bytes(column)};
  }

  database db_;
};

}  // namespace

result<std::unique_ptr<row_source>> open_export(const std::string& path, source_use use) {
  std::error_code ignored;  // opening says why
  if (!std::filesystem::is_regular_file(path, ignored))
    return fail(error_code::store_unavailable, "there is no store at " + path);
  auto db = database::open(path, use == source_use::exclusive ? connection_kind::checkpointer : connection_kind::reader);
  if (!db) return fail(db.error());
  if (use == source_use::exclusive)
    // Without a shared index of the log a connection needs the file for itself: that is how it finds out.
    if (!db->execute("PRAGMA busy_timeout=0; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT"))
      return fail(error_code::conflict, "the store " + path + " is in use: stop its node first");
  return std::unique_ptr<row_source>(std::make_unique<row_export>(std::move(*db)));
}

}  // namespace waybill::core::sqlite
