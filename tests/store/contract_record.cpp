// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

attempt_record retrying(const task& before, utc_time due) {
  auto r = make_outcome(before, task_status::retrying);
  r.due_at = due;
  return r;
}

/// The task as its owner holds it after that record.
task after(const attempt_record& r) {
  task t = r.before;
  t.status = r.after;
  t.attempts = r.attempts_after;
  t.total_attempts = r.made.number;
  t.due_at = r.due_at.value_or(t.due_at);
  return t;
}

}  // namespace

TEST_CASE("a delivered task leaves the queue and completes its delivery") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  auto outcome = make_outcome(request.tasks[0]);
  outcome.made.result.external_reference = "ref-9";
  REQUIRE(s.record(outcome, at(20)) == record_result::recorded);
  const auto view = s.view(request, true);
  CHECK(view.status == delivery_status::completed);
  REQUIRE(view.tasks.size() == 1);
  const auto& task = view.tasks[0];
  CHECK(task.status == task_status::delivered);
  CHECK(task.attempts == 1);
  CHECK(task.finished_at == at(20));
  CHECK_FALSE(task.next_attempt_at);
  CHECK(task.external_reference == "ref-9");
  CHECK(task.code == 200);
  CHECK(task.failure_reason.empty());
  CHECK(task.attempt_log.size() == 1);
  CHECK(must(s.reader().destination_queue(s.hook, at(20))).pending == 0);
}

TEST_CASE("everything of an attempt is kept and read back") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  auto outcome = retrying(request.tasks[0], at(1'000));
  auto& made = outcome.made;
  made.started_at = at(11);
  made.duration = milliseconds{321};
  made.result.action = attempt_action::throttled;
  made.result.category = failure_category::rate_limit;
  made.result.code = 429;
  made.result.retry_after = milliseconds{60'000};
  made.result.bytes_sent = 123'456'789'012;
  made.result.disable_destination = true;
  made.result.external_reference = "x-request-1";
  made.result.detail = "429 from 10.0.0.1";
  made.result.message = "The receiver asked to wait.";
  made.result.request = R"({"method":"POST"})";
  made.result.response = R"({"status":429})";
  REQUIRE(s.record(outcome) == record_result::recorded);

  const auto read = must(s.reader().get_attempt(s.org, request.content->id, made.id));
  CHECK(read.id == made.id);
  CHECK(read.task == request.tasks[0].id);
  CHECK(read.number == 1);
  CHECK(read.started_at == made.started_at);
  CHECK(read.duration == made.duration);
  CHECK(read.result.action == made.result.action);
  CHECK(read.result.category == made.result.category);
  CHECK(read.result.code == made.result.code);
  CHECK(read.result.retry_after == made.result.retry_after);
  CHECK(read.result.bytes_sent == made.result.bytes_sent);
  CHECK(read.result.disable_destination);
  CHECK(read.result.external_reference == made.result.external_reference);
  CHECK(read.result.detail == made.result.detail);
  CHECK(read.result.message == made.result.message);
  CHECK(read.result.request == made.result.request);
  CHECK(read.result.response == made.result.response);

  const auto view = s.view(request, true);
  CHECK(view.tasks[0].category == failure_category::rate_limit);
  CHECK(view.tasks[0].code == 429);
  CHECK(view.tasks[0].failure_reason == "The receiver asked to wait.");
  REQUIRE(view.tasks[0].attempt_log.size() == 1);
  CHECK(view.tasks[0].attempt_log[0].result.detail == made.result.detail);
  CHECK(view.tasks[0].attempt_log[0].result.request.empty());
  CHECK(view.tasks[0].attempt_log[0].result.response.empty());
  CHECK(code_of(s.reader().get_attempt(s.org, request.content->id, attempt_id::make())) == error_code::attempt_not_found);
}

TEST_CASE("a retrying task keeps its place, its count and every attempt") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  const auto first = retrying(request.tasks[0], at(1'000));
  REQUIRE(s.record(first) == record_result::recorded);
  auto view = s.view(request, true);
  CHECK(view.status == delivery_status::processing);
  CHECK(view.tasks[0].status == task_status::retrying);
  CHECK(view.tasks[0].attempts == 1);
  CHECK(view.tasks[0].next_attempt_at == at(1'000));

  const auto second = retrying(after(first), at(3'000));
  REQUIRE(s.record(second) == record_result::recorded);
  const auto third = make_outcome(after(second));
  REQUIRE(s.record(third) == record_result::recorded);
  view = s.view(request, true);
  CHECK(view.status == delivery_status::completed);
  CHECK(view.tasks[0].attempts == 3);
  REQUIRE(view.tasks[0].attempt_log.size() == 3);
  for (std::uint32_t i = 0; i < 3; ++i) CHECK(view.tasks[0].attempt_log[i].number == i + 1);
  CHECK(must(s.reader().get_attempt(s.org, request.content->id, second.made.id)).number == 2);
}

TEST_CASE("a record with another epoch than the task's changes nothing") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}, at(0), 5, 7});
  for (const auto status : {task_status::delivered, task_status::failed, task_status::retrying}) {
    auto stale = make_outcome(request.tasks[0], status);
    stale.before.owner_epoch = 6;
    stale.due_at = at(50);
    CHECK(s.record(stale) == record_result::fenced);
  }
  const auto view = s.view(request, true);
  CHECK(view.status == delivery_status::queued);
  CHECK(view.tasks[0].attempt_log.empty());
  CHECK(must(s.reader().get_health(s.hook)).total_failures == 0);
  CHECK(must(s.reader().reconcile()).difference() == 0);
  CHECK(s.record(make_outcome(request.tasks[0])) == record_result::recorded);
}

TEST_CASE("a task is finished once") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  REQUIRE(s.record(make_outcome(request.tasks[0])) == record_result::recorded);
  CHECK(s.record(make_outcome(request.tasks[0])) == record_result::fenced);
  CHECK(s.view(request, true).tasks[0].attempt_log.size() == 1);
  CHECK(must(s.reader().reconcile()).delivered == 1);
}

TEST_CASE("after the shards were taken over, older epochs write nothing") {
  ON_EVERY_ENGINE(s);
  const auto epoch = must(s.write([](write_session& w) { return w.take_over_shards("node-a", at(0)); }));
  const auto request = s.accept({{s.hook}, at(0), 5, epoch});
  const auto newer = must(s.write([](write_session& w) { return w.take_over_shards("node-b", at(1)); }));
  CHECK(newer > epoch);
  CHECK(s.record(make_outcome(request.tasks[0])) == record_result::fenced);
  CHECK(s.writer().begin());
  CHECK(code_of(s.writer().claim(s.hook, epoch, at(1), milliseconds{0}, 10, {})) == error_code::fenced);
  s.writer().rollback();
  const auto claimed = s.claim(s.hook, newer, at(1));
  REQUIRE(claimed.tasks.size() == 1);
  CHECK(claimed.tasks[0].state.owner_epoch == newer);
  CHECK(s.record(make_outcome(claimed.tasks[0].state)) == record_result::recorded);
}

TEST_CASE("a taking over that is rolled back fences nobody, and one that is not survives a restart") {
  ON_EVERY_ENGINE(s);
  const auto epoch = must(s.write([](write_session& w) { return w.take_over_shards("node-a", at(0)); }));
  must(s.writer().begin());
  must(s.writer().take_over_shards("node-b", at(1)));
  s.writer().rollback();
  const auto request = s.accept({{s.hook}, at(0), 5, epoch});
  CHECK(s.record(make_outcome(request.tasks[0])) == record_result::recorded);
  s.reopen();
  CHECK(must(s.write([](write_session& w) { return w.take_over_shards("node-a", at(2)); })) == epoch + 1);
}

TEST_CASE("a batch answers each record in order") {
  ON_EVERY_ENGINE(s);
  const auto a = s.accept({{s.hook}}), b = s.accept({{s.hook}}), c = s.accept({{s.hook}});
  auto stale = make_outcome(b.tasks[0]);
  stale.before.owner_epoch = 99;
  const auto answers = must(s.write([&](write_session& w) {
    return w.record({make_outcome(a.tasks[0]), stale, make_outcome(c.tasks[0], task_status::failed)}, at(9));
  }));
  CHECK(answers == std::vector<record_result>{record_result::recorded, record_result::fenced, record_result::recorded});
  const auto sums = must(s.reader().reconcile());
  CHECK(sums.accepted == 3);
  CHECK(sums.delivered == 1);
  CHECK(sums.failed == 1);
  CHECK(sums.waiting == 1);
  CHECK(sums.difference() == 0);
}

TEST_CASE("health adds up the attempts and keeps the last standing of a batch") {
  ON_EVERY_ENGINE(s);
  CHECK(must(s.reader().get_health(s.hook)).status == health_status::healthy);
  CHECK(must(s.reader().get_health(s.hook)).success_rate == Approx(1.0));
  const auto a = s.accept({{s.hook}}), b = s.accept({{s.hook}}), c = s.accept({{s.hook}});
  auto failed = make_outcome(b.tasks[0], task_status::failed);
  failed.progress.consecutive_failures = 1;
  auto open = retrying(c.tasks[0], at(900));
  open.progress.consecutive_failures = 2;
  open.progress.breaker = breaker_state::open;
  open.progress.breaker_opened_at = at(30);
  open.progress.breaker_next_attempt_at = at(330);
  open.progress.breaker_openings = 4;
  must(s.write([&](write_session& w) { return w.record({make_outcome(a.tasks[0]), failed, open}, at(30)); }));
  const auto health = must(s.reader().get_health(s.hook));
  CHECK(health.destination == s.hook);
  CHECK(health.status == health_status::unhealthy);
  CHECK(health.total_deliveries == 1);
  CHECK(health.total_failures == 2);
  CHECK(health.success_rate == Approx(1.0 / 3));
  CHECK(health.consecutive_failures == 2);
  CHECK(health.last_success_at == at(30));
  CHECK(health.last_failure_at == at(30));
  CHECK(health.breaker == breaker_state::open);
  CHECK(health.breaker_opened_at == at(30));
  CHECK(health.breaker_next_attempt_at == at(330));
  CHECK(health.breaker_openings == 4);
}

TEST_CASE("the status of a delivery follows from its tasks") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto request = s.accept({{s.hook, second}});
  REQUIRE(s.record(make_outcome(request.tasks[0])) == record_result::recorded);
  CHECK(s.view(request).status == delivery_status::processing);
  REQUIRE(s.record(make_outcome(request.tasks[1], task_status::failed)) == record_result::recorded);
  CHECK(s.view(request).status == delivery_status::failed);

  const auto half = s.accept({{s.hook, second}});
  REQUIRE(s.record(make_outcome(half.tasks[0])) == record_result::recorded);
  must(s.write([&](write_session& w) { return w.cancel(s.org, half.content->id, {}, at(5)); }));
  CHECK(s.view(half).status == delivery_status::completed);

  const auto none = s.accept({{s.hook, second}});
  must(s.write([&](write_session& w) { return w.cancel(s.org, none.content->id, {}, at(5)); }));
  CHECK(s.view(none).status == delivery_status::cancelled);
}

TEST_CASE("tasks of a disabled destination or behind an open breaker are shown as parked") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  auto open = retrying(request.tasks[0], at(100));
  open.progress.breaker = breaker_state::open;
  open.progress.breaker_next_attempt_at = at(500);
  REQUIRE(s.record(open) == record_result::recorded);
  CHECK(s.view(request).tasks[0].status == task_status::parked);
  CHECK(s.view(request).tasks[0].next_attempt_at == at(500));

  must(
      s.write([&](write_session& w) { return w.set_destination_state(s.org, s.hook, destination_state::enabled, "", at(9)); }));
  CHECK(s.view(request).tasks[0].status == task_status::retrying);
  must(s.write(
      [&](write_session& w) { return w.set_destination_state(s.org, s.hook, destination_state::disabled, "x", at(9)); }));
  CHECK(s.view(request).tasks[0].status == task_status::parked);
  CHECK_FALSE(s.view(request).tasks[0].next_attempt_at);
}
