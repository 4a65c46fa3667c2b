// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/row_export.hpp"

#include "core/store/backup/newest_schema.hpp"
#include "core/store/postgres/catalog.hpp"
#include "core/store/postgres/locks.hpp"
#include "core/store/postgres/statement.hpp"

namespace waybill::core::postgres {
namespace {

class row_export final : public row_source {
public:
  row_export(connection_settings settings, connection_kind kind) : db_(std::move(settings), kind) {}
  [[nodiscard]] connection& db() { return db_; }

  result<void> pour_into(row_sink& sink) override {
    if (auto begun = db_.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); !begun) return begun;
    auto done = pour_snapshot(sink);
    db_.rollback();  // nothing was written
    if (!done) return done;
    return sink.finish();
  }

private:
  result<void> pour_snapshot(row_sink& sink) {
    const auto schema = read_schema(db_);
    if (!schema) return fail(schema.error());
    if (*schema == 0) return fail(error_code::store_unavailable, "there is no store of Waybill in this database");
    if (*schema > newest_schema_known())
      return fail(error_code::store_unavailable, "the store has schema " + std::to_string(*schema) +
                                                     ", this program knows up to " + std::to_string(newest_schema_known()));
    const auto catalog = read_catalog(db_);
    if (!catalog) return fail(catalog.error());
    const auto tables = plan_export(without_types(*catalog), &portable_table::postgres_only);
    if (!tables) return fail(tables.error());
    if (auto done = sink.begin({"postgresql", WAYBILL_VERSION, *schema, system_clock{}.now()}); !done) return done;
    for (const auto& table : *tables)
      if (auto done = pour_table(table, sink); !done) return done;
    return {};
  }

  result<void> pour_table(const table_head& table, row_sink& sink) {
    if (auto done = sink.begin_table(table); !done) return done;
    const auto declare =
        "DECLARE waybill_export NO SCROLL CURSOR FOR SELECT " + list_columns(table.columns) + " FROM \"" + table.name + '"';
    if (auto done = db_.execute(declare); !done) return done;
    const auto rows_at_once = std::to_string(find_portable_table(table.name)->rows_at_once);
    statement fetch(db_, "FETCH " + rows_at_once + " FROM waybill_export", statement_life::once);
    std::vector<cell> cells(table.columns.size());
    for (;;) {
      auto found = fetch.query();
      int count = 0;
      for (; found.next(); ++count) {
        for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = cell_at(found, static_cast<int>(i), table.columns[i].kind);
        if (auto done = sink.row(cells); !done) return done;
      }
      if (found.failed()) return fail(found.failure());
      if (count == 0) break;
    }
    if (auto done = db_.execute("CLOSE waybill_export"); !done) return done;
    return sink.end_table();
  }

  static cell cell_at(const rows& from, int column, cell_kind kind) {
    if (from.is_null(column)) return {};
    if (kind == cell_kind::integer) return {kind, from.integer(column), {}};
    return {kind, 0, from.bytes(column)};
  }

  connection db_;
};

}  // namespace

result<void> lock_out_writers(connection& db) {
  if (auto opened = db.open(); !opened) return opened;
  statement take(db, "SELECT pg_try_advisory_lock(" + lock_keys(lock_kind::writer) + ")", statement_life::once);
  auto taken = take.query();
  if (!taken.next()) return fail(taken.failure());
  if (taken.integer(0) == 0) return fail(error_code::conflict, "the store is in use: stop its node first");
  return {};
}

result<std::unique_ptr<row_source>> open_export(connection_settings settings, source_use use) {
  // A connection that may write has the lock of those that do.
  const auto kind = use == source_use::exclusive ? connection_kind::writer : connection_kind::reader;
  auto made = std::make_unique<row_export>(std::move(settings), kind);
  if (auto opened = made->db().open(); !opened) return fail(opened.error());
  if (use == source_use::exclusive)
    if (auto alone = lock_out_writers(made->db()); !alone) return fail(alone.error());
  return std::unique_ptr<row_source>(std::move(made));
}

}  // namespace waybill::core::postgres
