// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

void retry_at(store_fixture& s, destination_id destination, utc_time due) {
  const auto request = s.accept({{destination}, at(50)});
  auto outcome = make_outcome(request.tasks[0], task_status::retrying);
  outcome.due_at = due;
  REQUIRE(s.record(outcome) == record_result::recorded);
}

}  // namespace

TEST_CASE("an empty queue counts nothing") {
  ON_EVERY_ENGINE(s);
  const auto stats = must(s.reader().queue(s.org, at(0)));
  CHECK(stats.pending + stats.retrying + stats.parked + stats.due == 0);
  CHECK_FALSE(stats.oldest_created_at);
  CHECK_FALSE(stats.next_due);
  CHECK(must(s.reader().waiting_destinations()).empty());
}

TEST_CASE("the queue is counted by destination, by organization and as a whole") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto other = s.add_organization("other");
  const auto foreign = s.add_destination(other);
  s.accept({{s.hook, second}, at(10)});
  retry_at(s, s.hook, at(500));
  s.accept({make_request(other, {{foreign}, at(5)})});

  auto stats = must(s.reader().destination_queue(s.hook, at(100)));
  CHECK(stats.pending == 1);
  CHECK(stats.retrying == 1);
  CHECK(stats.parked == 0);
  CHECK(stats.due == 1);
  CHECK(stats.oldest_created_at == at(10));
  CHECK(stats.next_due == at(10));
  stats = must(s.reader().queue(s.org, at(500)));
  CHECK(stats.pending == 2);
  CHECK(stats.retrying == 1);
  CHECK(stats.due == 3);
  stats = must(s.reader().whole_queue(at(100)));
  CHECK(stats.pending == 3);
  CHECK(stats.oldest_created_at == at(5));
}

TEST_CASE("tasks of a disabled destination or behind an open breaker count as parked") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  s.accept({{s.hook, second}, at(10)});
  s.accept({{second}, at(10)});
  must(s.write(
      [&](write_session& w) { return w.set_destination_state(s.org, second, destination_state::disabled, "x", at(11)); }));
  auto stats = must(s.reader().queue(s.org, at(100)));
  CHECK(stats.pending == 1);
  CHECK(stats.parked == 2);
  CHECK(stats.due == 1);
  const auto request = s.accept({{s.hook}, at(10)});
  auto open = make_outcome(request.tasks[0], task_status::retrying);
  open.due_at = at(20);
  open.progress.breaker = breaker_state::open;
  REQUIRE(s.record(open) == record_result::recorded);
  stats = must(s.reader().whole_queue(at(100)));
  CHECK(stats.parked == 4);
  CHECK(stats.pending == 0);
  CHECK_FALSE(stats.next_due);
}

TEST_CASE("a start learns which destinations have something waiting, and from when on") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  s.add_destination(s.org, "idle");
  s.accept({{s.hook}, at(30)});
  retry_at(s, s.hook, at(900));
  retry_at(s, second, at(700));
  const auto waiting = must(s.reader().waiting_destinations());
  REQUIRE(waiting.size() == 2);
  for (const auto& one : waiting) {
    CHECK(one.organization == s.org);
    CHECK(one.waiting == (one.destination == s.hook ? 2u : 1u));
    CHECK(one.next_due == (one.destination == s.hook ? at(30) : at(700)));
  }
}

TEST_CASE("the backlog names every destination with something waiting, and counts parked tasks by their state too") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_organization("other");
  const auto parked = s.add_destination(other);
  s.accept({{s.hook}, at(30)});
  retry_at(s, s.hook, at(900));
  s.accept({make_request(other, {{parked}, at(5)})});
  must(s.write(
      [&](write_session& w) { return w.set_destination_state(other, parked, destination_state::disabled, "x", at(11)); }));
  auto all = must(s.reader().backlog(at(100)));
  REQUIRE(all.size() == 2);
  if (all[0].destination != s.hook) std::swap(all[0], all[1]);
  CHECK(all[0].organization == s.org);
  CHECK_FALSE(all[0].parked);
  CHECK(all[0].pending == 1);
  CHECK(all[0].retrying == 1);
  CHECK(all[0].shown.due == 1);
  CHECK(all[0].shown.oldest_created_at == at(30));
  CHECK(all[0].shown.next_due == at(30));
  CHECK(all[1].organization == other);
  CHECK(all[1].parked);
  CHECK(all[1].pending == 1);
  CHECK(all[1].shown.parked == 1);
  CHECK(all[1].shown.pending == 0);
  CHECK_FALSE(all[1].shown.next_due);
}
