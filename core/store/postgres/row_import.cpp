// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/row_import.hpp"

#include <algorithm>
#include <optional>

#include "core/store/backup/newest_schema.hpp"
#include "core/store/postgres/array_parameter.hpp"
#include "core/store/postgres/catalog.hpp"
#include "core/store/postgres/migration.hpp"
#include "core/store/postgres/row_export.hpp"
#include "core/store/postgres/statement.hpp"

namespace waybill::core::postgres {
namespace {

// What goes out in one statement.
constexpr std::size_t most_rows = 1'000;
constexpr std::size_t most_bytes = 4u << 20;
constexpr std::uint32_t first_schema = 2;  // of this engine, as all engines count

std::string_view sql_type(std::uint32_t type) {
  switch (type) {
    case oid::boolean:
      return "boolean[]";
    case oid::bytea:
      return "bytea[]";
    case oid::text:
      return "text[]";
    case oid::uuid:
      return "uuid[]";
    default:
      return "bigint[]";
  }
}

class row_import final : public row_sink {
public:
  explicit row_import(const connection_settings& settings) : settings_(settings), db_(settings, connection_kind::writer) {}
  ~row_import() override {
    if (db_.in_transaction()) db_.rollback();
  }

  /// The lock, and that nothing is there.
  [[nodiscard]] result<void> take_place();
  result<void> begin(const store_head& head) override;
  result<void> begin_table(const table_head& table) override;
  result<void> row(const std::vector<cell>& cells) override;
  result<void> end_table() override;
  result<void> finish() override;

private:
  [[nodiscard]] result<void> check_empty();
  [[nodiscard]] result<void> flush();
  [[nodiscard]] result<void> add(std::size_t column, const cell& value);
  [[nodiscard]] result<void> set_sequences();

  const connection_settings settings_;
  connection db_;
  std::uint64_t generation_ = 0;  ///< of the connection that has the lock
  std::vector<typed_table> catalog_;
  std::string table_;
  std::optional<statement> insert_;
  std::vector<array_parameter> columns_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

result<void> row_import::take_place() {
  if (auto alone = lock_out_writers(db_); !alone) return alone;
  generation_ = db_.generation();
  return check_empty();
}

result<void> row_import::check_empty() {
  const auto catalog = read_catalog(db_);
  if (!catalog) return fail(catalog.error());
  for (const auto& table : *catalog) {
    const auto* known = find_portable_table(table.name);
    if (known == nullptr)
      return fail(error_code::conflict,
                  "the schema has a table " + table.name + " that is not Waybill's: a restore needs one of its own");
    if (known->is_seeded) continue;
    statement read(db_, "SELECT EXISTS (SELECT 1 FROM \"" + table.name + "\")", statement_life::once);
    auto found = read.query();
    if (!found.next()) return fail(found.failure());
    if (found.integer(0) != 0)
      return fail(error_code::conflict, "the store is not empty (" + table.name + " has rows): a restore needs an empty one");
  }
  return {};
}

result<void> row_import::begin(const store_head& head) {
  if (head.schema > newest_schema_known())
    return fail(error_code::conflict, "the backup has schema " + std::to_string(head.schema) + ", this program knows up to " +
                                          std::to_string(newest_schema_known()) +
                                          ": it was made by a newer version of Waybill");
  {
    connection migrating(settings_, connection_kind::writer);  // it gives its locks back by closing; ours must stay
    if (auto done = migrate(migrating, static_cast<int>(head.schema)); !done) return done;
  }
  const auto schema = read_schema(db_);
  if (!schema) return fail(schema.error());
  if (*schema > head.schema && *schema > first_schema)
    return fail(error_code::conflict, "the store has schema " + std::to_string(*schema) + " already, the backup has " +
                                          std::to_string(head.schema) + ": restore it into a new database");
  auto catalog = read_catalog(db_);
  if (!catalog) return fail(catalog.error());
  catalog_ = std::move(*catalog);
  if (auto begun = db_.begin("BEGIN"); !begun) return begun;
  // A connection that was made anew has not got the lock.
  if (db_.generation() != generation_) return fail(error_code::store_unavailable, "the connection to the server was lost");
  for (const auto& table : catalog_) {
    const auto* known = find_portable_table(table.name);
    if (known == nullptr || !known->is_seeded) continue;
    if (auto done = db_.execute("DELETE FROM " + table.name); !done) return done;
  }
  return {};
}

result<void> row_import::begin_table(const table_head& incoming) {
  const auto plan = plan_import(without_types(catalog_), incoming, &portable_table::postgres_only);
  if (!plan) return fail(plan.error());
  const auto target = std::find_if(catalog_.begin(), catalog_.end(), [&](const auto& t) { return t.name == incoming.name; });
  table_ = incoming.name;
  columns_.clear();
  rows_ = bytes_ = 0;
  std::string names = list_columns(plan->columns.columns);
  std::string values;
  std::string places;
  for (std::size_t i = 0; i < plan->columns.columns.size(); ++i) {
    const auto& wanted = plan->columns.columns[i].name;
    const auto column =
        std::find_if(target->columns.begin(), target->columns.end(), [&](const auto& c) { return c.column.name == wanted; });
    columns_.emplace_back(column->parameter_type);
    places += (i == 0 ? "$" : ", $") + std::to_string(i + 1) + "::" + std::string(sql_type(column->parameter_type));
    values += (i == 0 ? "u.c" : ", u.c") + std::to_string(i);
  }
  std::string aliases;
  for (std::size_t i = 0; i < columns_.size(); ++i) aliases += (i == 0 ? "c" : ", c") + std::to_string(i);
  for (const auto& filler : plan->fillers) {
    names += ", \"" + filler + '"';
    values += ", 0";
  }
  insert_.emplace(db_, "INSERT INTO \"" + table_ + "\" (" + names + ") OVERRIDING SYSTEM VALUE SELECT " + values +
                           " FROM unnest(" + places + ") AS u (" + aliases + ")");
  return {};
}

result<void> row_import::add(std::size_t column, const cell& value) {
  auto& to = columns_[column];
  if (value.kind == cell_kind::null) {
    to.add_null();
  } else if (value.kind == cell_kind::integer) {
    to.type() == oid::boolean_array ? to.add(value.number != 0) : to.add(value.number);
  } else if (value.kind == cell_kind::text) {
    to.add_text(value.bytes);
  } else {
    if (to.type() == oid::uuid_array && value.bytes.size() != 16)
      return fail(error_code::conflict, "an id in " + table_ + " has not sixteen bytes");
    to.add(value.bytes);
  }
  bytes_ += value.bytes.size() + 16;
  return {};
}

result<void> row_import::row(const std::vector<cell>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (auto done = add(i, cells[i]); !done) return done;
  return ++rows_ < most_rows && bytes_ < most_bytes ? result<void>{} : flush();
}

result<void> row_import::flush() {
  if (rows_ == 0) return {};
  for (std::size_t i = 0; i < columns_.size(); ++i) insert_->bind_at(static_cast<int>(i) + 1, columns_[i]);
  auto done = insert_->query_bound();
  if (done.failed()) return fail(done.failure());
  if (done.changed() != static_cast<std::int64_t>(rows_))
    return fail(error_code::internal_error, "not every row of " + table_ + " went into the store");
  for (auto& column : columns_) column.clear();
  rows_ = bytes_ = 0;
  return {};
}

result<void> row_import::end_table() {
  auto done = flush();
  insert_.reset();
  return done;
}

/// What is counted goes on after the highest that came.
result<void> row_import::set_sequences() {
  for (const auto& table : catalog_) {
    for (const auto& column : table.columns) {
      if (!column.is_identity) continue;
      statement set(db_,
                    "SELECT setval(pg_get_serial_sequence('\"" + table.name + "\"', '" + column.column.name +
                        "'), greatest(coalesce(max(\"" + column.column.name + "\"), 1), 1), max(\"" + column.column.name +
                        "\") IS NOT NULL) FROM \"" + table.name + '"',
                    statement_life::once);
      if (auto done = set.query(); !done.next()) return fail(done.failure());
    }
  }
  return {};
}

result<void> row_import::finish() {
  if (auto done = set_sequences(); !done) return done;
  if (auto done = db_.end_transaction("COMMIT"); !done) return done;
  db_.close();  // gives the lock back
  connection migrating(settings_, connection_kind::writer);
  return migrate(migrating);
}

}  // namespace

result<std::unique_ptr<row_sink>> open_import(connection_settings settings) {
  auto made = std::make_unique<row_import>(settings);
  if (auto taken = made->take_place(); !taken) return fail(taken.error());
  return std::unique_ptr<row_sink>(std::move(made));
}

}  // namespace waybill::core::postgres
