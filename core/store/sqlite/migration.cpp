// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/migration.hpp"

#include <algorithm>

#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {
namespace {

// "WAYB": what file(1) and a curious operator see, and how a foreign SQLite file is told from ours.
constexpr std::int64_t application_id = 0x57415942;

result<std::int64_t> read_number(database& db, const char* pragma) {
  statement read(db, pragma);
  auto found = read.query();
  if (found.next()) return found.integer(0);
  return fail(db.failure());
}

result<void> refuse_foreign(database& db) {
  const auto application = read_number(db, "PRAGMA application_id");
  const auto tables = read_number(db, "SELECT count(*) FROM sqlite_schema");
  if (!application) return fail(application.error());
  if (!tables) return fail(tables.error());
  if (*application == application_id || (*application == 0 && *tables == 0)) return {};
  return fail(error_code::store_unavailable, "the file is an SQLite database of another program");
}

/// Under the write lock. True when a step was applied, false when there is nothing left to do.
result<bool> apply_next(database& db, std::int64_t up_to) {
  if (auto ours = refuse_foreign(db); !ours) return fail(ours.error());
  const auto version = read_number(db, "PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto known = all_migrations().back().number();
  if (*version > known)
    return fail(error_code::store_unavailable, "the store has schema " + std::to_string(*version) +
                                                   ", this program knows up to " + std::to_string(known) +
                                                   ": it was written by a newer version of Waybill");
  const auto next = std::find_if(all_migrations().begin(), all_migrations().end(),
                                 [&](const migration& one) { return one.number() > *version; });
  if (next == all_migrations().end() || next->number() > up_to) return false;
  const auto& step = *next;
  const auto sql = std::string(step.sql) + "; PRAGMA user_version=" + std::to_string(step.number()) +
                   "; PRAGMA application_id=" + std::to_string(application_id);
  if (auto done = db.execute(sql.c_str()); !done)
    return fail(error_code::store_unavailable, "migration " + std::string(step.name) + ": " + done.error().message);
  return true;
}

}  // namespace

std::int64_t migration::number() const {
  std::int64_t value = 0;
  for (const char c : name.substr(0, 3)) value = value * 10 + (c - '0');
  return value;
}

result<void> migrate(database& db, std::int64_t up_to) {
  for (;;) {
    if (auto begun = db.execute("BEGIN IMMEDIATE"); !begun) return begun;
    auto applied = apply_next(db, up_to);
    if (applied && *applied) {
      if (auto committed = db.execute("COMMIT"); !committed) return committed;
      continue;
    }
    if (db.in_transaction()) static_cast<void>(db.execute("ROLLBACK"));
    if (!applied) return fail(applied.error());
    return {};
  }
}

}  // namespace waybill::core::sqlite
