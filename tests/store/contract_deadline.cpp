// SPDX-License-Identifier: Apache-2.0
#include "tests/store/ordering_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

request_options within(const store_fixture& s, milliseconds time, const std::string& key = {}) {
  request_options options;
  options.to = {s.hook};
  options.created = at(1'000);
  options.within = time;
  options.key = key;
  return options;
}

expire_result expire(store_fixture& s, utc_time now, std::uint32_t limit = 100) {
  return must(s.write([&](write_session& w) { return w.expire(now, limit); }));
}

}  // namespace

TEST_CASE("what was not delivered in time becomes a dead letter of the category timeout, without an attempt") {
  ON_EVERY_ENGINE(s);
  const auto late = s.accept(within(s, milliseconds{500})), longer = s.accept(within(s, milliseconds{900}));
  s.accept({{s.hook}, at(0)});
  CHECK(expire(s, at(1'499)).expired.empty());
  CHECK(expire(s, at(1'499)).next == at(1'500));
  const auto ended = expire(s, at(1'500));
  REQUIRE(ended.expired.size() == 1);
  CHECK(ended.expired[0].id == task_of(late).id);
  CHECK(ended.expired[0].status == task_status::failed);
  CHECK(ended.next == at(1'900));
  const auto view = s.view(late, true).tasks[0];
  CHECK(view.status == task_status::failed);
  CHECK(view.category == failure_category::timeout);
  CHECK(view.failure_reason == "The time set for this delivery has passed");
  CHECK(view.finished_at == at(1'500));
  CHECK(view.attempts == 0);
  CHECK(view.attempt_log.empty());
  CHECK(s.view(longer).tasks[0].status == task_status::pending);
  const auto sums = must(s.reader().reconcile());
  CHECK(sums.failed == 1);
  CHECK(sums.difference() == 0);
  dead_letter_filter timeouts;
  timeouts.category = failure_category::timeout;
  CHECK(must(s.reader().list_dead_letters(s.org, timeouts, {})).items.at(0).task.category == failure_category::timeout);
  CHECK(s.record(make_outcome(task_of(late))) == record_result::fenced);
}

TEST_CASE("late tasks are ended in portions, the earliest first") {
  ON_EVERY_ENGINE(s);
  const auto b = s.accept(within(s, milliseconds{200})), a = s.accept(within(s, milliseconds{100}));
  auto ended = expire(s, at(9'000), 1);
  CHECK(ended.expired.at(0).id == task_of(a).id);
  CHECK(ended.next == at(1'200));
  ended = expire(s, at(9'000), 1);
  CHECK(ended.expired.at(0).id == task_of(b).id);
  CHECK_FALSE(ended.next);
}

TEST_CASE("the deadline ends a task that waits for its schedule or its retry, or is parked") {
  ON_EVERY_ENGINE(s);
  auto options = within(s, milliseconds{500});
  options.due = at(60'000);
  const auto scheduled = s.accept(options), retried = s.accept(within(s, milliseconds{600}));
  auto outcome = make_outcome(task_of(retried), task_status::retrying);
  outcome.due_at = at(50'000);
  REQUIRE(s.record(outcome) == record_result::recorded);
  must(s.write(
      [&](write_session& w) { return w.set_destination_state(s.org, s.hook, destination_state::disabled, "x", at(1'100)); }));
  CHECK(expire(s, at(2'000)).expired.size() == 2);
  CHECK(s.view(scheduled).tasks[0].category == failure_category::timeout);
  const auto view = s.view(retried, true).tasks[0];
  CHECK(view.category == failure_category::timeout);
  CHECK(view.failure_reason == "The time set for this delivery has passed");
  CHECK(view.attempt_log.size() == 1);
  CHECK(view.attempts == 1);
}

TEST_CASE("a claim leaves out what is late") {
  ON_EVERY_ENGINE(s);
  s.accept(within(s, milliseconds{500}));
  auto options = within(s, milliseconds{700});
  options.due = at(1'100);
  s.accept(options);
  CHECK(s.claim(s.hook, 1, at(1'499)).tasks.size() == 2);
  CHECK(s.claim(s.hook, 1, at(1'500)).tasks.size() == 1);
  CHECK(s.claim(s.hook, 1, at(1'700)).tasks.empty());
}

TEST_CASE("the end of a late first of an ordering key lets the next go, unless the key is parked") {
  ON_EVERY_ENGINE(s);
  const auto parks = GENERATE(false, true);
  if (parks) set_ordering(s, ordering_failure::park);
  s.accept(within(s, milliseconds{500}, "k"));
  const auto next = accept_keyed(s, "k");
  CHECK(expire(s, at(2'000)).expired.size() == 1);
  const auto released = s.writer().take_order_changes().released;
  REQUIRE(released.size() == (parks ? 0 : 1));
  if (!parks) CHECK(released[0].state.id == task_of(next).id);
  CHECK(s.view(next).tasks[0].status == (parks ? task_status::parked : task_status::pending));
}

TEST_CASE("held tasks of an ordering key are ended at their time too") {
  ON_EVERY_ENGINE(s);
  accept_keyed(s, "k");
  const auto held = s.accept(within(s, milliseconds{500}, "k"));
  CHECK(expire(s, at(2'000)).expired.at(0).id == task_of(held).id);
  CHECK(s.writer().take_order_changes().empty());
}

TEST_CASE("a redriven task has its time anew") {
  ON_EVERY_ENGINE(s);
  const auto late = s.accept(within(s, milliseconds{500}));
  expire(s, at(2'000));
  const auto back = redrive(s, late, 1, at(3'000));
  REQUIRE(back.size() == 1);
  CHECK(back[0].deliver_by == at(3'500));
  CHECK(expire(s, at(3'499)).next == at(3'500));
  CHECK(s.record(make_outcome(back[0])) == record_result::recorded);
}
