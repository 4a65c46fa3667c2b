// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/database.hpp"

#include <sqlite3.h>

namespace waybill::core::sqlite {
namespace {

// Another process (a backup, the command line shell) may hold the lock for a moment.
constexpr int busy_timeout_ms = 5'000;

// page_size takes effect on a new file only. 8 KiB holds six deliveries of 1 KiB and keeps small commits small.
// secure_delete: distributions turn it on; overwriting rows that leave the queue would cost a page write each.
constexpr const char* common_settings =
    "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    "PRAGMA secure_delete=OFF; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA wal_autocheckpoint=0;";

// Negative: KiB. The writer's hot pages are the right edges of its trees; readers come and go.
const char* cache_setting(connection_kind kind) {
  switch (kind) {
    case connection_kind::writer:
      return "PRAGMA cache_size=-12288; PRAGMA journal_size_limit=67108864;";
    case connection_kind::reader:
      return "PRAGMA cache_size=-1024; PRAGMA query_only=ON;";
    case connection_kind::checkpointer:
      return "PRAGMA cache_size=-64;";
  }
  return "";
}

// Before SQLite starts: its memory statistics take a global mutex on every allocation.
void configure_library() {
  static const bool once = [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return sqlite3_initialize() == SQLITE_OK;
  }();
  static_cast<void>(once);
}

error_code code_of(int extended) {
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
      return error_code::conflict;
    case SQLITE_TOOBIG:
      return error_code::payload_too_large;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
      return error_code::internal_error;
    default:
      return error_code::store_unavailable;
  }
}

}  // namespace

void database::closer::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

result<database> database::open(const std::string& path, connection_kind kind) {
  configure_library();
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  database db(raw);
  if (code != SQLITE_OK)
    return fail(error_code::store_unavailable, "cannot open " + path + ": " + (raw ? sqlite3_errmsg(raw) : "out of memory"));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  // Plans must not depend on the values bound: a statement whose parameter could decide on a partial index would otherwise
  // be planned anew at every execution, which doubles the cost of recording an outcome.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
  if (auto set = db.execute(common_settings); !set) return fail(set.error().code, path + ": " + set.error().message);
  if (auto set = db.execute(cache_setting(kind)); !set) return fail(set.error());
  return db;
}

result<void> database::execute(const char* sql) {
  if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(failure());
  return {};
}

error database::failure() const {
  const int code = sqlite3_extended_errcode(handle());
  return {code_of(code), std::string("sqlite: ") + sqlite3_errmsg(handle()) + " (" + std::to_string(code) + ")", {}, {}};
}

bool database::in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

std::int64_t database::last_row() const { return sqlite3_last_insert_rowid(handle()); }

std::int64_t database::changes() const { return sqlite3_changes64(handle()); }

snapshot::snapshot(database& db) : db_(db) {
  if (!db.in_transaction()) own_ = db.execute("BEGIN").has_value();
}

// A read transaction has nothing to lose: a failing COMMIT leaves nothing behind that a ROLLBACK would not clear.
snapshot::~snapshot() {
  if (own_ && !db_.execute("COMMIT")) static_cast<void>(db_.execute("ROLLBACK"));
}

}  // namespace waybill::core::sqlite
