// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/migration.hpp"

#include <algorithm>
#include <string>

#include "core/store/postgres/locks.hpp"
#include "core/store/postgres/statement.hpp"

namespace waybill::core::postgres {
namespace {

// A migration may have to rewrite a large table. A host that is gone is found out by its keepalives.
constexpr std::chrono::hours patience{24};

constexpr const char* bookkeeping =
    "CREATE TABLE IF NOT EXISTS waybill_schema ("
    "number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";

result<std::vector<int>> applied_steps(connection& db) {
  statement read(db, "SELECT number FROM waybill_schema ORDER BY number", statement_life::once);
  auto found = read.query();
  std::vector<int> numbers;
  while (found.next()) numbers.push_back(found.number<int>(0));
  if (found.failed()) return fail(found.failure());
  return numbers;
}

result<void> apply(connection& db, const migration& step) {
  const auto text = "BEGIN; " + std::string(step.sql) + "; INSERT INTO waybill_schema (number, name) VALUES (" +
                    std::to_string(step.number) + ", '" + std::string(step.name) + "'); COMMIT";
  auto done = db.execute_script(text, patience);
  if (done) return {};
  static_cast<void>(db.execute_script("ROLLBACK"));
  return fail(error_code::store_unavailable, "migration " + std::string(step.name) + ": " + done.error().message);
}

result<void> apply_missing(connection& db, int up_to) {
  if (auto made = db.execute(bookkeeping); !made) return made;
  auto applied = applied_steps(db);
  if (!applied) return fail(applied.error());
  const auto& steps = all_migrations();
  const int known = steps.empty() ? 0 : steps.back().number;
  if (!applied->empty() && applied->back() > known)
    return fail(error_code::store_unavailable, "the store has schema " + std::to_string(applied->back()) +
                                                   ", this program knows up to " + std::to_string(known) +
                                                   ": it was written by a newer version of Waybill");
  for (const auto& step : steps) {
    if (step.number > up_to || std::binary_search(applied->begin(), applied->end(), step.number)) continue;
    if (auto done = apply(db, step); !done) return done;
  }
  return {};
}

}  // namespace

result<void> migrate(connection& db, int up_to) {
  if (auto opened = db.open(); !opened) return opened;
  // Waits for another node's migrations, however long they take.
  if (auto locked =
          db.execute_script(std::string("SET statement_timeout = 0; SELECT ") + lock_call(lock_kind::migration), patience);
      !locked)
    return locked;
  auto done = apply_missing(db, up_to);
  db.close();  // gives the lock and the settings back
  return done;
}

}  // namespace waybill::core::postgres
