// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iterator>
#include <set>

#include "core/security/audit_chain.hpp"
#include "core/store/portable/organization_rows.hpp"
#include "core/store/sqlite/statement.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::string file_in(const scratch_folder& folder) { return (folder.path() / "store.db").string(); }

bool is_in_files(const scratch_folder& folder, const std::string& marker) {
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.find(marker) != std::string::npos) return true;
  }
  return false;
}

/// As somebody would who has the file: no trigger is in the way.
void tamper(const scratch_folder& folder, const char* sql) {
  auto db = must(sqlite::database::open(file_in(folder), sqlite::connection_kind::writer));
  must(
      db.execute("DROP TRIGGER IF EXISTS audit_log_is_never_changed; DROP TRIGGER IF EXISTS audit_log_is_never_removed; "
                 "DROP TRIGGER IF EXISTS audit_chains_only_grow"));
  must(db.execute(sql));
}

std::optional<audit_fault> verify(read_session& session) {
  const auto head = must(session.audit_chain(engine_chain));
  audit_verifier verifier(head.anchor_number, head.anchor_hash);
  if (verifier.check(must(session.audit_rows(engine_chain, head.anchor_number, 100))))
    static_cast<void>(verifier.check_end(head));
  return verifier.fault();
}

}  // namespace

TEST_CASE("compacting takes every byte of what was deleted out of the files, under the feet of an open writer") {
  const std::string marker = "mark-4711-of-a-person";
  scratch_folder folder;
  auto store = must(open_store("sqlite://" + file_in(folder)));
  auto writer = must(store->open_writer());
  auto reader = must(store->open_reader());
  const auto o = make_organization("first");
  const auto d = make_destination(o.id);
  erasure order;
  order.id = erasure_id::make();
  order.organization = o.id;
  order.scope = data_scope::correlation_id;
  order.selector = marker;
  order.requested_at = at(10);
  must(writer->begin());
  must(writer->create_organization(o));
  must(writer->create_destination(d, {}));
  must(writer->create_erasure(order));
  must(writer->commit());
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<new_delivery> some;
    for (int i = 0; i < 50; ++i) {
      auto request = make_request(o.id, {{d.id}, at(0), 5, 1, {}, marker + std::string(3'000, 'x')});
      auto content = std::make_shared<delivery>(*request.content);
      content->correlation_id = i % 2 == 0 ? marker : "other";
      if (i % 2 != 0) content->content = "kept";
      content->tags = {i % 2 == 0 ? marker : "tag"};
      request.content = content;
      some.push_back(std::move(request));
    }
    must(writer->begin());
    must(writer->accept(some, at(0)));
    must(writer->commit());
  }
  REQUIRE(is_in_files(folder, marker));
  for (;;) {
    const auto ids = must(reader->erasure_candidates(order, 64));
    if (ids.empty()) break;
    must(writer->begin());
    order = must(writer->erase_deliveries(order.id, ids, at(20), milliseconds{1'000})).now;
    must(writer->commit());
  }
  order.certificate = sealed_selector(order, "salt");
  order.selector.clear();
  must(writer->begin());
  must(writer->update_erasure(order));
  must(writer->commit());
  CHECK_FALSE(must(store->compact(1)));
  CHECK(must(store->compact(1u << 30)));
  CHECK_FALSE(is_in_files(folder, marker));
  CHECK(order.erased.at("deliveries") == 500);
  must(writer->begin());
  must(writer->accept({make_request(o.id, {{d.id}})}, at(30)));
  must(writer->commit());
  CHECK(must(reader->reconcile()).difference() == 0);
}

TEST_CASE("rows of the audit trail cannot be changed or removed by SQL, nor its chain shortened") {
  scratch_folder folder;
  auto store = must(open_store("sqlite://" + file_in(folder)));
  auto writer = must(store->open_writer());
  must(writer->begin());
  must(writer->append_audit({audit_entry{}, audit_entry{}, audit_entry{}}));
  must(writer->commit());
  auto db = must(sqlite::database::open(file_in(folder), sqlite::connection_kind::writer));
  for (const auto* sql : {"UPDATE audit_log SET action = 'x'", "UPDATE audit_log SET hash = zeroblob(32) WHERE number = 2",
                          "DELETE FROM audit_log", "DELETE FROM audit_log WHERE number = 3",
                          "UPDATE audit_chains SET last_number = 2", "DELETE FROM audit_chains"})
    CHECK_FALSE(db.execute(sql));
  CHECK_FALSE(verify(*writer));
}

TEST_CASE("who changes the trail in the file itself is found") {
  const auto* sql =
      GENERATE("UPDATE audit_log SET details = '{\"x\":1}' WHERE number = 2",
               "UPDATE audit_log SET at = at + 1 WHERE number = 3", "UPDATE audit_log SET actor = NULL WHERE number = 1",
               "DELETE FROM audit_log WHERE number = 2", "DELETE FROM audit_log WHERE number = 5",
               "DELETE FROM audit_log WHERE number = 1", "UPDATE audit_log SET number = number + 10 WHERE number = 5",
               "UPDATE audit_chains SET last_number = 4; DELETE FROM audit_log WHERE number = 5",
               "UPDATE audit_chains SET anchor_number = 2; DELETE FROM audit_log WHERE number <= 2");
  INFO(sql);
  scratch_folder folder;
  auto store = must(open_store("sqlite://" + file_in(folder)));
  auto writer = must(store->open_writer());
  audit_entry entry;
  entry.actor = key_id::make();
  must(writer->begin());
  must(writer->append_audit({entry, entry, entry, entry, entry}));
  must(writer->commit());
  REQUIRE_FALSE(verify(*writer));
  tamper(folder, sql);
  CHECK(verify(*writer));
}

TEST_CASE("every table with an organization's rows is known to the erasure of organizations") {
  std::set<std::string> known;
  for (const auto& table : portable::tables_of_organization) known.insert(table.name);
  known.insert(portable::tables_of_deliveries.begin(), portable::tables_of_deliveries.end());
  known.insert(portable::tables_that_stay.begin(), portable::tables_that_stay.end());
  scratch_folder folder;
  must(open_store("sqlite://" + file_in(folder)));
  auto db = must(sqlite::database::open(file_in(folder), sqlite::connection_kind::reader));
  sqlite::statement read(db,
                         "SELECT DISTINCT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c "
                         "WHERE t.type = 'table' AND c.name = 'organization_id'");
  auto found = read.query();
  int tables = 0;
  for (; found.next(); ++tables) {
    INFO(found.text(0));
    CHECK(known.count(found.text(0)) == 1);
  }
  CHECK(tables > 10);
}
