// SPDX-License-Identifier: Apache-2.0
#include "tests/store/sqlite/limited_store.hpp"

#include "core/store/sqlite/migration.hpp"

#include <sqlite3.h>

namespace waybill::core::test {

limited_store::limited_store(const std::string& path) {
  auto db = must(sqlite::database::open(path, sqlite::connection_kind::writer));
  must(sqlite::migrate(db));
  writer_ = must(sqlite::make_writer(std::move(db), *this, {}));
  must(writer_->begin());
  must(writer_->create_organization(org));
  must(writer_->create_destination(hook, {}));
  must(writer_->commit());
}

void limited_store::limit(int pages) {
  sqlite3_stmt* read = nullptr;
  REQUIRE(sqlite3_prepare_v2(handle_, "PRAGMA page_count", -1, &read, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(read) == SQLITE_ROW);
  const int count = sqlite3_column_int(read, 0);
  sqlite3_finalize(read);
  pragma("PRAGMA max_page_count=" + std::to_string(count + pages));
}

void limited_store::lift() { pragma("PRAGMA max_page_count=1000000"); }

void limited_store::pragma(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) FAIL(sqlite3_errmsg(handle_));
}

}  // namespace waybill::core::test
