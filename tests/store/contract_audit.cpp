// SPDX-License-Identifier: Apache-2.0
#include "core/security/audit_chain.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

audit_entry entry(organization_id chain, const std::string& action, std::int64_t ms, const std::string& subject = "") {
  audit_entry e;
  e.chain = chain;
  e.at = at(ms);
  e.action = action;
  e.subject = subject;
  return e;
}

void append(store_fixture& s, const std::vector<audit_entry>& entries) {
  must(s.write([&](write_session& w) { return w.append_audit(entries); }));
}

/// Reads the chain in pages and verifies it from its anchor to its head.
std::optional<audit_fault> verify(store_fixture& s, organization_id chain, std::uint32_t page = 3) {
  const auto state = must(s.reader().audit_chain(chain));
  audit_verifier verifier(state.anchor_number, state.anchor_hash);
  for (;;) {
    const auto rows = must(s.reader().audit_rows(chain, verifier.number(), page));
    if (!verifier.check(rows)) break;
    if (rows.size() < page) {
      static_cast<void>(verifier.check_end(state));
      break;
    }
  }
  return verifier.fault();
}

}  // namespace

TEST_CASE("an audit row is read back whole, and every chain counts for itself") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_organization("second");
  auto first = entry(s.org, "key.created", 1, "key_1");
  first.actor = key_id::make();
  first.details = R"({"b":1,  "a":"ü"})";
  append(s, {first, entry(other, "key.created", 2), entry(engine_chain, "node.started", 3), entry(s.org, "key.revoked", 4)});
  const auto rows = must(s.reader().list_audit(s.org, {}, {})).items;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].entry.action == "key.revoked");
  CHECK_FALSE(rows[0].entry.actor);
  CHECK(rows[1].number == 1);
  CHECK(rows[1].entry.actor == first.actor);
  CHECK(rows[1].entry.subject == "key_1");
  CHECK(rows[1].entry.details == first.details);
  CHECK(rows[1].entry.at == at(1));
  CHECK(rows[1].entry.chain == s.org);
  CHECK(rows[0].previous_hash == rows[1].hash);
  for (const auto& chain : {s.org, other, engine_chain}) CHECK_FALSE(verify(s, chain));
  CHECK(must(s.reader().list_audit(other, {}, {})).items.size() == 1);
  CHECK(must(s.reader().audit_chain(organization_id::make())).last_number == 0);
}

TEST_CASE("audit rows are found by action, subject, actor and time, in pages, newest first") {
  ON_EVERY_ENGINE(s);
  const auto actor = key_id::make();
  std::vector<audit_entry> entries;
  for (int i = 0; i < 10; ++i) {
    entries.push_back(entry(s.org, i % 2 == 0 ? "even" : "odd", i * 10, "dst_" + std::to_string(i % 3)));
    if (i >= 5) entries.back().actor = actor;
  }
  append(s, entries);
  const auto count = [&](const audit_filter& filter) { return must(s.reader().list_audit(s.org, filter, {})).items.size(); };
  CHECK(count({{}, {}, {}, "even", ""}) == 5);
  CHECK(count({{}, {}, {}, "", "dst_0"}) == 4);
  CHECK(count({{}, {}, actor, "", ""}) == 5);
  CHECK(count({at(20), at(50), {}, "", ""}) == 3);
  CHECK(count({at(20), {}, actor, "odd", "dst_1"}) == 1);
  std::vector<std::uint64_t> numbers;
  page_request request{4, {}};
  do {
    const auto found = must(s.reader().list_audit(s.org, {}, request));
    for (const auto& row : found.items) numbers.push_back(row.number);
    request.cursor = found.next_cursor;
    if (numbers.size() == 4) append(s, {entry(s.org, "later", 99)});  // a list is stable under inserts
  } while (!request.cursor.empty());
  CHECK(numbers == std::vector<std::uint64_t>{10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
  CHECK(code_of(s.reader().list_audit(s.org, {}, {10, "rubbish"})) == error_code::validation_error);
}

TEST_CASE("what is undone leaves no trace in the chain, and a restart goes on with it") {
  ON_EVERY_ENGINE(s);
  append(s, {entry(s.org, "a", 1)});
  const auto undone = s.write([&](write_session& w) -> result<void> {
    must(w.append_audit({entry(s.org, "b", 2)}));
    return fail(error_code::conflict, "on purpose");
  });
  CHECK(code_of(undone) == error_code::conflict);
  s.reopen();
  append(s, {entry(s.org, "c", 3)});
  const auto rows = must(s.reader().list_audit(s.org, {}, {})).items;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].entry.action == "c");
  CHECK(rows[0].number == 2);
  CHECK_FALSE(verify(s, s.org));
}

TEST_CASE("a trimmed chain is verifiable from its anchor on") {
  ON_EVERY_ENGINE(s);
  for (int i = 0; i < 10; ++i) append(s, {entry(s.org, "a", i * 10)});
  CHECK(must(s.reader().audit_chains_with_rows_before(at(1))) == std::vector<organization_id>{s.org});
  const auto trim = [&](utc_time before, std::uint32_t limit) {
    return must(s.write([&](write_session& w) { return w.trim_audit(s.org, before, limit); }));
  };
  CHECK(trim(at(50), 3) == 3);
  CHECK(trim(at(50), 3) == 2);
  CHECK(trim(at(50), 3) == 0);
  CHECK(must(s.reader().audit_chain(s.org)).anchor_number == 5);
  CHECK(must(s.reader().list_audit(s.org, {}, {})).items.size() == 5);
  CHECK_FALSE(verify(s, s.org));
  CHECK(must(s.reader().audit_chains_with_rows_before(at(50))).empty());
  CHECK(trim(at(1'000), 100) == 5);
  CHECK_FALSE(verify(s, s.org));
  append(s, {entry(s.org, "b", 1'001)});
  CHECK_FALSE(verify(s, s.org));
  CHECK(must(s.reader().list_audit(s.org, {}, {})).items.at(0).number == 11);
}
