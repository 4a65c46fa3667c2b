// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "tests/store/job_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

/// All pages of a list, `limit` at a time; `between` runs after each page.
template <class List>
auto walk(
    List list, std::uint32_t limit, const std::function<void()>& between = [] {}) {
  decltype(must(list(page_request{})).items) all;
  page_request request{limit, ""};
  do {
    auto page = must(list(request));
    CHECK(page.items.size() <= limit);
    for (auto& one : page.items) all.push_back(std::move(one));
    request.cursor = page.next_cursor;
    between();
  } while (!request.cursor.empty());
  return all;
}

}  // namespace

TEST_CASE("pages of deliveries join without a gap or a repetition while others are added") {
  ON_EVERY_ENGINE(s);
  std::vector<delivery_id> made;
  for (int i = 0; i < 25; ++i) made.push_back(s.accept({{s.hook}, at(0), static_cast<std::uint8_t>(i % 11)}).content->id);
  delivery_filter by_destination;
  by_destination.destination = s.hook;
  delivery_filter by_status;
  by_status.status = delivery_status::queued;
  for (const auto& filter : {delivery_filter{}, by_destination, by_status}) {
    const auto list = [&](const page_request& p) { return s.reader().list_deliveries(s.org, filter, p); };
    const auto all = walk(list, 7, [&] { s.accept({{s.hook}}); });
    std::vector<delivery_id> found;
    for (const auto& one : all)
      if (std::find(made.begin(), made.end(), one.head.id) != made.end()) found.push_back(one.head.id);
    CHECK(found == std::vector<delivery_id>(made.rbegin(), made.rend()));
    std::set<delivery_id> once;
    for (const auto& one : all) CHECK(once.insert(one.head.id).second);
  }
}

TEST_CASE("a full last page has no cursor") {
  ON_EVERY_ENGINE(s);
  for (int i = 0; i < 4; ++i) s.accept({{s.hook}});
  const auto first = must(s.reader().list_deliveries(s.org, {}, {2, ""}));
  CHECK_FALSE(first.next_cursor.empty());
  const auto second = must(s.reader().list_deliveries(s.org, {}, {2, first.next_cursor}));
  CHECK(second.items.size() == 2);
  CHECK(second.next_cursor.empty());
}

TEST_CASE("pages of dead letters stay whole while some are discarded") {
  ON_EVERY_ENGINE(s);
  std::vector<task_id> made;
  for (int i = 0; i < 9; ++i) made.push_back(s.dead_letter({{s.hook}}).tasks[0].id);
  const auto list = [&](const page_request& p) { return s.reader().list_dead_letters(s.org, {}, p); };
  std::vector<task_id> found;
  dead_letter_filter newest;
  newest.tasks = {made.back()};
  for (const auto& one : walk(list, 2, [&] { discard(s, newest); })) found.push_back(one.task.id);
  CHECK(found == std::vector<task_id>(made.rbegin(), made.rend()));
}

TEST_CASE("destinations, keys and organizations are paged too") {
  ON_EVERY_ENGINE(s);
  std::vector<destination_id> made{s.hook};
  for (int i = 0; i < 6; ++i) made.push_back(s.add_destination(s.org, "d" + std::to_string(i)));
  std::vector<destination_id> found;
  for (const auto& one : walk([&](const page_request& p) { return s.reader().list_destinations(s.org, {}, p); }, 3))
    found.push_back(one.id);
  CHECK(found == made);
  const auto other = s.add_organization("other");
  s.add_destination(other);
  CHECK(walk([&](const page_request& p) { return s.reader().all_destinations(p); }, 3).size() == 8);
  CHECK(walk([&](const page_request& p) { return s.reader().list_organizations(p); }, 1).size() == 2);
  for (int i = 0; i < 5; ++i) {
    api_key k;
    k.id = key_id::make();
    k.organization = s.org;
    must(s.write([&](write_session& w) { return w.create_key(k); }));
  }
  CHECK(walk([&](const page_request& p) { return s.reader().list_keys(s.org, p); }, 2).size() == 5);
}

TEST_CASE("a cursor that no answer gave is refused") {
  ON_EVERY_ENGINE(s);
  for (int i = 0; i < 3; ++i) s.dead_letter({{s.hook}});
  const auto good = must(s.reader().list_deliveries(s.org, {}, {1, ""})).next_cursor;
  REQUIRE_FALSE(good.empty());
  auto bent = good;
  bent[9] = bent[9] == 'A' ? 'B' : 'A';
  for (const auto& bad : {std::string("x"), std::string("../../etc/passwd"), good + "A", good.substr(1), bent,
                          std::string(24, 'A'), std::string(24, '='), std::string(5'000, 'A')})
    CHECK(code_of(s.reader().list_deliveries(s.org, {}, {1, bad})) == error_code::validation_error);
  CHECK(code_of(s.reader().list_dead_letters(s.org, {}, {1, good})) == error_code::validation_error);
  CHECK(code_of(s.reader().list_destinations(s.org, {}, {1, good})) == error_code::validation_error);
  CHECK(code_of(s.reader().list_keys(s.org, {1, good})) == error_code::validation_error);
  CHECK(code_of(s.reader().list_organizations({1, good})) == error_code::validation_error);
  CHECK(code_of(s.reader().all_destinations({1, good})) == error_code::validation_error);
  CHECK(must(s.reader().list_deliveries(s.org, {}, {1, good})).items.size() == 1);
}
