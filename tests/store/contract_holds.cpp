// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

legal_hold make_hold(organization_id org, data_scope scope, const std::string& value) {
  legal_hold hold;
  hold.id = hold_id::make();
  hold.organization = org;
  hold.scope = scope;
  hold.value = value;
  hold.reason = "a lawsuit";
  hold.placed_by = key_id::make();
  hold.placed_at = at(5);
  return hold;
}

}  // namespace

TEST_CASE("a legal hold is read back whole, listed in pages, and released once") {
  ON_EVERY_ENGINE(s);
  std::vector<legal_hold> placed;
  for (int i = 0; i < 3; ++i) {
    placed.push_back(make_hold(s.org, data_scope::tag, "t" + std::to_string(i)));
    must(s.write([&](write_session& w) { return w.place_hold(placed.back()); }));
  }
  const auto read = must(s.reader().get_hold(s.org, placed[1].id));
  CHECK(read.scope == data_scope::tag);
  CHECK(read.value == "t1");
  CHECK(read.reason == "a lawsuit");
  CHECK(read.placed_by == placed[1].placed_by);
  CHECK(read.placed_at == at(5));
  const auto first = must(s.reader().list_holds(s.org, {2, {}}));
  CHECK(first.items.size() == 2);
  CHECK(must(s.reader().list_holds(s.org, {2, first.next_cursor})).items.size() == 1);
  CHECK(must(s.reader().all_holds(s.org)).size() == 3);
  must(s.write([&](write_session& w) { return w.release_hold(s.org, placed[0].id); }));
  CHECK(code_of(s.write([&](write_session& w) { return w.release_hold(s.org, placed[0].id); })) == error_code::hold_not_found);
}

TEST_CASE("a foreign legal hold is as an unknown one") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_organization("second");
  const auto hold = make_hold(other, data_scope::organization, "");
  must(s.write([&](write_session& w) { return w.place_hold(hold); }));
  CHECK(code_of(s.reader().get_hold(s.org, hold.id)) == error_code::hold_not_found);
  CHECK(code_of(s.write([&](write_session& w) { return w.release_hold(s.org, hold.id); })) == error_code::hold_not_found);
  CHECK(must(s.reader().list_holds(s.org, {})).items.empty());
  CHECK(must(s.reader().all_holds(other)).size() == 1);
}
