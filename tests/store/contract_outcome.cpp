// SPDX-License-Identifier: Apache-2.0
#include "tests/store/job_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::vector<task> cancel(store_fixture& s, const new_delivery& what, const std::vector<destination_id>& only = {}) {
  return must(s.write([&](write_session& w) { return w.cancel(s.org, what.content->id, only, at(50)); }));
}

std::vector<task> retry(store_fixture& s, const new_delivery& what, const std::vector<destination_id>& only = {}) {
  return must(s.write([&](write_session& w) { return w.retry(s.org, what.content->id, only, 3, at(70)); }));
}

std::uint64_t dead(store_fixture& s, const dead_letter_filter& filter = {}) {
  return must(s.reader().count_dead_letters(s.org, filter));
}

}  // namespace

TEST_CASE("cancelling ends what waits and fences what is in flight") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto request = s.accept({{s.hook, second}});
  REQUIRE(s.record(make_outcome(request.tasks[0])) == record_result::recorded);
  const auto cancelled = cancel(s, request);
  REQUIRE(cancelled.size() == 1);
  CHECK(cancelled[0].id == request.tasks[1].id);
  CHECK(cancelled[0].destination == second);
  CHECK(cancelled[0].status == task_status::cancelled);
  CHECK(s.record(make_outcome(request.tasks[1])) == record_result::fenced);
  const auto view = s.view(request);
  CHECK(view.tasks[0].status == task_status::delivered);
  CHECK(view.tasks[1].status == task_status::cancelled);
  CHECK(view.tasks[1].finished_at == at(50));
  CHECK(cancel(s, request).empty());
  const auto sums = must(s.reader().reconcile());
  CHECK(sums.cancelled == 1);
  CHECK(sums.difference() == 0);
}

TEST_CASE("cancelling can be narrowed to destinations") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto request = s.accept({{s.hook, second}});
  CHECK(cancel(s, request, {destination_id::make()}).empty());
  CHECK(cancel(s, request, {second}).size() == 1);
  CHECK(s.view(request).tasks[0].status == task_status::pending);
}

TEST_CASE("a cancelled task keeps the attempts it had") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  auto outcome = make_outcome(request.tasks[0], task_status::retrying);
  outcome.due_at = at(90);
  REQUIRE(s.record(outcome) == record_result::recorded);
  REQUIRE(cancel(s, request).size() == 1);
  CHECK(s.view(request, true).tasks[0].attempts == 1);
  CHECK(s.view(request, true).tasks[0].attempt_log.size() == 1);
}

TEST_CASE("retrying brings failed tasks back, due now, with a fresh count") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto request = s.accept({{s.hook, second}, at(0), 8});
  REQUIRE(s.record(make_outcome(request.tasks[0])) == record_result::recorded);
  REQUIRE(s.record(make_outcome(request.tasks[1], task_status::failed)) == record_result::recorded);
  CHECK(dead(s) == 1);
  const auto revived = retry(s, request);
  REQUIRE(revived.size() == 1);
  CHECK(revived[0].id == request.tasks[1].id);
  CHECK(revived[0].status == task_status::pending);
  CHECK(revived[0].priority == 8);
  CHECK(revived[0].attempts == 0);
  CHECK(revived[0].total_attempts == 1);
  CHECK(revived[0].due_at == at(70));
  CHECK(revived[0].owner_epoch == 3);
  CHECK(dead(s) == 0);
  CHECK(s.view(request).status == delivery_status::processing);
  CHECK(must(s.reader().reconcile()).difference() == 0);
  CHECK(retry(s, request).empty());

  const auto claimed = s.claim(second, 3, at(70));
  REQUIRE(claimed.tasks.size() == 1);
  REQUIRE(s.record(make_outcome(claimed.tasks[0].state)) == record_result::recorded);
  const auto view = s.view(request, true);
  CHECK(view.status == delivery_status::completed);
  CHECK(view.tasks[1].attempts == 1);
  REQUIRE(view.tasks[1].attempt_log.size() == 2);
  CHECK(view.tasks[1].attempt_log[1].number == 2);
}

TEST_CASE("a deadline starts anew when a task is sent back") {
  ON_EVERY_ENGINE(s);
  auto request = make_request(s.org, {{s.hook}});
  auto content = std::make_shared<delivery>(*request.content);
  content->deliver_within = milliseconds{1'000};
  request.content = content;
  request.tasks[0].deliver_by = at(1'000);
  s.accept({request});
  REQUIRE(s.record(make_outcome(request.tasks[0], task_status::failed)) == record_result::recorded);
  const auto revived = retry(s, request);
  REQUIRE(revived.size() == 1);
  CHECK(revived[0].deliver_by == at(1'070));
}

TEST_CASE("dead letters are listed newest first with what a reader needs") {
  ON_EVERY_ENGINE(s);
  const auto first = s.dead_letter({{s.hook}}, at(10));
  auto request = make_request(s.org, {{s.hook}});
  auto content = std::make_shared<delivery>(*request.content);
  content->payload_type = "export";
  content->correlation_id = "c-1";
  request.content = content;
  s.accept({request});
  REQUIRE(s.record(make_outcome(request.tasks[0], task_status::failed), at(20)) == record_result::recorded);
  s.accept({{s.hook}});
  const auto page = must(s.reader().list_dead_letters(s.org, {}, {}));
  REQUIRE(page.items.size() == 2);
  CHECK(page.next_cursor.empty());
  CHECK(page.items[0].task.id == request.tasks[0].id);
  CHECK(page.items[0].payload_type == "export");
  CHECK(page.items[0].correlation_id == "c-1");
  CHECK(page.items[1].task.id == first.tasks[0].id);
  CHECK(page.items[1].task.status == task_status::failed);
  CHECK(page.items[1].task.finished_at == at(10));
  CHECK(page.items[1].task.category == failure_category::remote);
  CHECK(page.items[1].task.failure_reason == "the receiver refused it");
  CHECK(page.items[1].task.destination_label == "a");
}

TEST_CASE("every filter of dead letters narrows the list, the count, the redrive and the discard alike") {
  ON_EVERY_ENGINE(s);
  auto mail = make_destination(s.org, "mail");
  mail.type = "email";
  must(s.write([&](write_session& w) { return w.create_destination(mail, {}); }));
  const auto a = s.dead_letter({{s.hook}}, at(10), failure_category::timeout);
  const auto b = s.dead_letter({{mail.id}}, at(20), failure_category::network);
  const auto c = s.dead_letter({{s.hook}}, at(30), failure_category::network);
  const auto check = [&](const dead_letter_filter& filter, const std::vector<task_id>& wanted) {
    std::vector<task_id> found;
    for (const auto& one : must(s.reader().list_dead_letters(s.org, filter, {})).items) found.push_back(one.task.id);
    CHECK(found == wanted);
    CHECK(dead(s, filter) == wanted.size());
  };
  const auto ta = a.tasks[0].id, tb = b.tasks[0].id, tc = c.tasks[0].id;
  dead_letter_filter filter;
  check(filter, {tc, tb, ta});
  filter.destinations = {s.hook};
  check(filter, {tc, ta});
  filter.category = failure_category::network;
  check(filter, {tc});
  filter = {};
  filter.destination_type = "email";
  check(filter, {tb});
  filter = {};
  filter.from = at(20);
  check(filter, {tc, tb});
  filter.to = at(30);
  check(filter, {tb});
  filter = {};
  filter.tasks = {ta, tc, task_id::make()};
  check(filter, {tc, ta});
  filter.category = failure_category::timeout;
  check(filter, {ta});
  CHECK(discard(s, filter) == 1);
  check({}, {tc, tb});
  filter = {};
  filter.destinations = {mail.id};
  CHECK(redrive(s, filter).size() == 1);
  check({}, {tc});
}

TEST_CASE("a dead letter whose destination is gone cannot be sent back and holds up no other") {
  ON_EVERY_ENGINE(s);
  const auto gone = s.add_destination(s.org, "gone");
  const auto lost = s.dead_letter({{gone}});
  const auto kept = s.dead_letter({{s.hook}});
  must(s.write([&](write_session& w) { return w.delete_destination(s.org, gone, 0, at(40)); }));
  const auto revived = redrive(s);
  REQUIRE(revived.size() == 1);
  CHECK(revived[0].id == kept.tasks[0].id);
  CHECK(retry(s, lost).empty());
  CHECK(dead(s) == 1);
  CHECK(must(s.reader().list_dead_letters(s.org, {}, {})).items[0].task.destination_label.empty());
}

TEST_CASE("a discarded dead letter leaves the list and stays in the history") {
  ON_EVERY_ENGINE(s);
  const auto a = s.dead_letter({{s.hook}});
  s.dead_letter({{s.hook}});
  dead_letter_filter only_a;
  only_a.tasks = {a.tasks[0].id};
  CHECK(discard(s, only_a) == 1);
  CHECK(dead(s) == 1);
  CHECK(s.view(a).status == delivery_status::failed);
  CHECK(redrive(s).size() == 1);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}

TEST_CASE("deleting a destination cancels what waits for it and keeps its history") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto done = s.accept({{s.hook}});
  REQUIRE(s.record(make_outcome(done.tasks[0])) == record_result::recorded);
  const auto waiting = s.accept({{s.hook, second}});
  const auto later = s.accept({{s.hook}, at(0), 3, 1, at(900)});
  const auto cancelled = must(s.write([&](write_session& w) { return w.delete_destination(s.org, s.hook, 0, at(40)); }));
  CHECK(cancelled.size() == 2);
  CHECK(code_of(s.reader().get_destination(s.org, s.hook)) == error_code::destination_not_found);
  CHECK(s.view(done).status == delivery_status::completed);
  CHECK(s.view(done).tasks[0].destination_type.empty());
  CHECK(s.view(waiting).tasks[0].status == task_status::cancelled);
  CHECK(s.view(waiting).tasks[1].status == task_status::pending);
  CHECK(s.view(later).status == delivery_status::cancelled);
  const auto sums = must(s.reader().reconcile());
  CHECK(sums.cancelled == 2);
  CHECK(sums.difference() == 0);
}
