// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::vector<task_id> ids_of(const claim_result& claimed) {
  std::vector<task_id> ids;
  for (const auto& one : claimed.tasks) ids.push_back(one.state.id);
  return ids;
}

/// A task that waits for its next attempt at `due`.
task retry_at(store_fixture& s, utc_time due, std::uint8_t priority = 5) {
  const auto request = s.accept({{s.hook}, at(0), priority});
  auto outcome = make_outcome(request.tasks[0], task_status::retrying);
  outcome.due_at = due;
  REQUIRE(s.record(outcome) == record_result::recorded);
  return request.tasks[0];
}

}  // namespace

TEST_CASE("a claim gives the tasks with their content") {
  ON_EVERY_ENGINE(s);
  auto request = make_request(s.org, {{s.hook}, at(3), 8, 4});
  request.tasks[0].deliver_by = at(900);
  s.accept({request});
  const auto claimed = s.claim(s.hook, 9, at(10));
  REQUIRE(claimed.tasks.size() == 1);
  const auto& state = claimed.tasks[0].state;
  CHECK(state.id == request.tasks[0].id);
  CHECK(state.delivery == request.content->id);
  CHECK(state.organization == s.org);
  CHECK(state.destination == s.hook);
  CHECK(state.owner_epoch == 9);
  CHECK(state.status == task_status::pending);
  CHECK(state.priority == 8);
  CHECK(state.attempts == 0);
  CHECK(state.total_attempts == 0);
  CHECK(state.created_at == at(3));
  CHECK(state.due_at == at(3));
  CHECK(state.deliver_by == at(900));
  CHECK(claimed.tasks[0].content->content == request.content->content);
  CHECK_FALSE(claimed.more_due);
  CHECK_FALSE(claimed.next_due);
}

TEST_CASE("a claim takes the task over: its former owner's record is fenced") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}, at(0), 5, 4});
  const auto claimed = s.claim(s.hook, 5, at(10));
  CHECK(s.record(make_outcome(request.tasks[0])) == record_result::fenced);
  CHECK(s.record(make_outcome(claimed.tasks[0].state)) == record_result::recorded);
}

TEST_CASE("a claim goes by priority, first attempts before retries, then due time") {
  ON_EVERY_ENGINE(s);
  const auto late = retry_at(s, at(50));
  const auto older = s.accept({{s.hook}, at(10)}).tasks[0];
  const auto newer = s.accept({{s.hook}, at(20)}).tasks[0];
  const auto early = retry_at(s, at(15));
  const auto low = s.accept({{s.hook}, at(1), 0}).tasks[0];
  const auto urgent = s.accept({{s.hook}, at(60), 10}).tasks[0];
  const auto urgent_retry = retry_at(s, at(40), 10);
  const auto order = std::vector<task_id>{urgent.id, urgent_retry.id, older.id, newer.id, early.id, late.id, low.id};
  CHECK(ids_of(s.claim(s.hook, 1, at(100))) == order);
  const auto some = s.claim(s.hook, 1, at(100), 3);
  CHECK(ids_of(some) == std::vector<task_id>(order.begin(), order.begin() + 3));
  CHECK(some.more_due);
}

TEST_CASE("held tasks are left out and do not count as due") {
  ON_EVERY_ENGINE(s);
  const auto a = s.accept({{s.hook}}).tasks[0], b = s.accept({{s.hook}}).tasks[0], c = retry_at(s, at(5));
  const auto claimed = s.claim(s.hook, 1, at(10), 1, {a.id, c.id});
  CHECK(ids_of(claimed) == std::vector<task_id>{b.id});
  CHECK_FALSE(claimed.more_due);
  CHECK_FALSE(claimed.next_due);
  CHECK(s.claim(s.hook, 1, at(10), 10, {a.id, b.id, c.id}).tasks.empty());
}

TEST_CASE("what is due later stays and its time is told") {
  ON_EVERY_ENGINE(s);
  const auto soon = retry_at(s, at(1'500));
  const auto later = retry_at(s, at(9'000), 7);
  auto claimed = s.claim(s.hook, 1, at(1'000));
  CHECK(claimed.tasks.empty());
  CHECK(claimed.next_due == at(1'500));
  claimed = s.claim(s.hook, 1, at(1'000), 10, {soon.id});
  CHECK(claimed.next_due == at(9'000));
  claimed = s.claim(s.hook, 1, at(1'000), 10, {}, milliseconds{600});
  CHECK(ids_of(claimed) == std::vector<task_id>{soon.id});
  CHECK(claimed.next_due == at(9'000));
  claimed = s.claim(s.hook, 1, at(9'000));
  CHECK(ids_of(claimed) == std::vector<task_id>{later.id, soon.id});
  CHECK(claimed.tasks[0].state.status == task_status::retrying);
  CHECK(claimed.tasks[0].state.attempts == 1);
  CHECK(claimed.tasks[0].state.total_attempts == 1);
  CHECK_FALSE(claimed.next_due);
}

TEST_CASE("more is due only when it is due now and not merely within the look-ahead") {
  ON_EVERY_ENGINE(s);
  s.accept({{s.hook}, at(0)});
  retry_at(s, at(200));
  const auto claimed = s.claim(s.hook, 1, at(100), 1, {}, milliseconds{1'000});
  CHECK(claimed.tasks.size() == 1);
  CHECK_FALSE(claimed.more_due);
  CHECK(claimed.next_due == at(200));
}

TEST_CASE("a scheduled task waits for its time") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}, at(0), 5, 1, at(5'000)});
  CHECK(s.claim(s.hook, 1, at(4'999)).next_due == at(5'000));
  const auto claimed = s.claim(s.hook, 1, at(5'000));
  REQUIRE(claimed.tasks.size() == 1);
  CHECK(s.record(make_outcome(claimed.tasks[0].state)) == record_result::recorded);
}

TEST_CASE("a task whose time lies ahead because a clock was set back is not forgotten") {
  ON_EVERY_ENGINE(s);
  s.accept({{s.hook}, at(5'000)});
  const auto claimed = s.claim(s.hook, 1, at(1'000));
  CHECK(claimed.tasks.empty());
  CHECK(claimed.next_due == at(5'000));
  CHECK(s.claim(s.hook, 1, at(5'000)).tasks.size() == 1);
}

TEST_CASE("a claim sees one destination only and a long queue in pieces") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_destination(s.org, "b");
  std::vector<new_delivery> batch;
  for (int i = 0; i < 300; ++i) batch.push_back(make_request(s.org, {{s.hook, other}, at(i)}));
  s.accept(batch);
  std::unordered_set<task_id> held;
  std::vector<task_id> order;
  for (bool more = true; more;) {
    const auto claimed = s.claim(s.hook, 1, at(1'000), 70, held);
    for (const auto& one : claimed.tasks) {
      CHECK(one.state.destination == s.hook);
      held.insert(one.state.id);
      order.push_back(one.state.id);
    }
    more = claimed.more_due;
  }
  REQUIRE(order.size() == 300);
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == batch[i].tasks[0].id);
}

TEST_CASE("after a crash the next owner claims what was in flight, with its attempts") {
  ON_EVERY_ENGINE(s);
  const auto first = must(s.write([](write_session& w) { return w.take_over_shards("node", at(0)); }));
  const auto request = s.accept({{s.hook}, at(0), 5, first});
  auto outcome = make_outcome(request.tasks[0], task_status::retrying);
  outcome.due_at = at(50);
  REQUIRE(s.record(outcome) == record_result::recorded);
  s.reopen();
  const auto second = must(s.write([](write_session& w) { return w.take_over_shards("node", at(60)); }));
  const auto claimed = s.claim(s.hook, second, at(60));
  REQUIRE(claimed.tasks.size() == 1);
  CHECK(claimed.tasks[0].state.total_attempts == 1);
  CHECK(s.record(make_outcome(claimed.tasks[0].state)) == record_result::recorded);
  CHECK(s.view(request, true).tasks[0].attempt_log.size() == 2);
}
