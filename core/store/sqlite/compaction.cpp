// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/compaction.hpp"

#include <chrono>
#include <thread>

#include <sqlite3.h>

#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {
namespace {

// Others hold the file for moments only; each try waits for it besides (database.cpp, busy_timeout).
constexpr int most_tries = 50;
constexpr std::chrono::milliseconds between_tries{100};

result<std::uint64_t> bytes_of(database& db) {
  statement read(db, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
  auto found = read.query();
  if (found.next()) return found.number<std::uint64_t>(0);
  return fail(found.failure());
}

/// A checkpoint that waits for readers of older snapshots, and leaves a log of no length.
result<void> empty_log(database& db) {
  const int code = sqlite3_wal_checkpoint_v2(db.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(db.failure());
  return {};
}

template <class Work>
result<void> until_done(Work work) {
  for (int left = most_tries;; --left) {
    result<void> done = work();
    if (done || left == 0 || done.error().code != error_code::store_unavailable) return done;
    std::this_thread::sleep_for(between_tries);
  }
}

}  // namespace

result<bool> compact(const std::string& path, std::uint64_t most_bytes) {
  auto db = database::open(path, connection_kind::writer);
  if (!db) return fail(db.error());
  const auto bytes = bytes_of(*db);
  if (!bytes) return fail(bytes.error());
  if (*bytes > most_bytes) return false;
  // The copy in between would otherwise be made in memory.
  if (auto set = db->execute("PRAGMA temp_store=FILE; PRAGMA wal_autocheckpoint=0"); !set) return fail(set.error());
  if (auto done = until_done([&] { return db->execute("VACUUM"); }); !done) return fail(done.error());
  if (auto done = until_done([&] { return empty_log(*db); }); !done) return fail(done.error());
  return true;
}

}  // namespace waybill::core::sqlite
