// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <sqlite3.h>
#include <sys/stat.h>

#include "core/store/sqlite/database.hpp"
#include "core/store/sqlite/migration.hpp"
#include "core/store/store.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::string file_in(const scratch_folder& folder) { return (folder.path() / "store.db").string(); }

void run_sql(const std::string& path, const char* sql) {
  auto db = must(sqlite::database::open(path, sqlite::connection_kind::writer));
  must(db.execute(sql));
}

}  // namespace

TEST_CASE("only URLs of engines that exist are opened, and the URL is not repeated") {
  for (const auto* url : {"", "sqlite://", "sqlite:", "mysql://user:secret@host/db", "/var/lib/x.db"}) {
    const auto refused = open_store(url);
    CHECK(code_of(refused) == error_code::validation_error);
    CHECK(refused.error().message.find("secret") == std::string::npos);
  }
  CHECK(code_of(open_store("sqlite:///no/such/folder/x.db")) == error_code::store_unavailable);
}

TEST_CASE("a schema of a newer version is refused and left alone") {
  scratch_folder folder;
  must(open_store("sqlite://" + file_in(folder)));
  run_sql(file_in(folder), "PRAGMA user_version=99");
  const auto refused = open_store("sqlite://" + file_in(folder));
  CHECK(code_of(refused) == error_code::store_unavailable);
  CHECK(refused.error().message.find("schema 99") != std::string::npos);
  CHECK(refused.error().message.find("newer version") != std::string::npos);
}

TEST_CASE("a database of another program and a file that is none are refused") {
  scratch_folder folder;
  run_sql(file_in(folder), "CREATE TABLE theirs (a)");
  CHECK(code_of(open_store("sqlite://" + file_in(folder))) == error_code::store_unavailable);
  const auto text = (folder.path() / "text").string();
  std::ofstream(text) << std::string(20'000, 'x');
  CHECK(code_of(open_store("sqlite://" + text)) == error_code::store_unavailable);
}

TEST_CASE("migrations are applied once, and again opening changes nothing") {
  scratch_folder folder;
  auto db = must(sqlite::database::open(file_in(folder), sqlite::connection_kind::writer));
  must(sqlite::migrate(db));
  must(sqlite::migrate(db));
  CHECK(sqlite::all_migrations().size() >= 1);
  must(open_store("sqlite://" + file_in(folder)));
}

TEST_CASE("the files of a store are readable by their owner only") {
  scratch_folder folder;
  const auto opened = must(open_store("sqlite://" + file_in(folder)));
  const auto writer = must(opened->open_writer());
  must(writer->begin());
  must(writer->create_organization(make_organization("o")));
  must(writer->commit());
  for (const auto* end : {"", "-wal", "-shm", ".lock"}) {
    struct stat found {};
    REQUIRE(::stat((file_in(folder) + end).c_str(), &found) == 0);
    CHECK((found.st_mode & 0777u) == 0600u);
  }
}

TEST_CASE("there is one writer at a time, in this process or any other") {
  scratch_folder folder;
  const auto opened = must(open_store("sqlite://" + file_in(folder)));
  auto writer = must(opened->open_writer());
  CHECK(code_of(opened->open_writer()) == error_code::store_unavailable);
  const auto again = must(open_store("sqlite://" + file_in(folder)));
  CHECK(code_of(again->open_writer()) == error_code::store_unavailable);
  writer.reset();
  CHECK(again->open_writer());
}

TEST_CASE("the log of a busy store stays bounded") {
  scratch_folder folder;
  const auto opened = must(open_store("sqlite://" + file_in(folder)));
  const auto writer = must(opened->open_writer());
  const auto o = make_organization("o");
  must(writer->begin());
  must(writer->create_organization(o));
  must(writer->commit());
  std::uintmax_t largest = 0;
  for (int i = 0; i < 300; ++i) {
    std::vector<new_delivery> batch;
    for (int j = 0; j < 16; ++j)
      batch.push_back(make_request(o.id, {{destination_id::make()}, at(0), 5, 1, {}, std::string(60'000, 'x')}));
    must(writer->begin());
    must(writer->accept(batch, at(0)));
    must(writer->commit());
    largest = std::max(largest, std::filesystem::file_size(file_in(folder) + "-wal"));
  }
  CHECK(std::filesystem::file_size(file_in(folder)) > 250'000'000);
  CHECK(largest < 160'000'000);
}

TEST_CASE("everything is flushed and every promise of the file is kept by its settings") {
  scratch_folder folder;
  auto db = must(sqlite::database::open(file_in(folder), sqlite::connection_kind::writer));
  const auto setting = [&](const char* pragma) {
    sqlite3_stmt* read = nullptr;
    REQUIRE(sqlite3_prepare_v2(db.handle(), pragma, -1, &read, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(read) == SQLITE_ROW);
    const std::string value = reinterpret_cast<const char*>(sqlite3_column_text(read, 0));
    sqlite3_finalize(read);
    return value;
  };
  CHECK(setting("PRAGMA journal_mode") == "wal");
  CHECK(setting("PRAGMA synchronous") == "2");
  CHECK(setting("PRAGMA foreign_keys") == "1");
  CHECK(setting("PRAGMA busy_timeout") != "0");
}
