// SPDX-License-Identifier: Apache-2.0
#include "tests/store/job_fixture.hpp"
#include "tests/store/ordering_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::vector<task_id> goes(store_fixture& s, utc_time now = at(100'000'000)) {
  std::vector<task_id> ids;
  for (const auto& one : s.claim(s.hook, 1, now).tasks) ids.push_back(one.state.id);
  return ids;
}

using ids = std::vector<task_id>;

}  // namespace

TEST_CASE("of an ordering key only the first accepted goes, and its end lets the next go") {
  ON_EVERY_ENGINE(s);
  const auto batch = std::vector{keyed_request(s, "k", at(3)), keyed_request(s, "k", at(2)), keyed_request(s, "k", at(1), 10)};
  const auto answers = s.accept(batch);
  CHECK(answers[0].held.empty());
  CHECK(answers[1].held == ids{task_of(batch[1]).id});
  CHECK(answers[2].held == ids{task_of(batch[2]).id});
  CHECK(goes(s) == ids{task_of(batch[0]).id});

  REQUIRE(s.record(keyed_outcome(batch[0])) == record_result::recorded);
  const auto changes = s.writer().take_order_changes();
  REQUIRE(changes.released.size() == 1);
  CHECK(changes.released[0].state.id == task_of(batch[1]).id);
  CHECK(changes.released[0].content->content == batch[1].content->content);
  CHECK(changes.stepped_back.empty());
  CHECK(s.writer().take_order_changes().empty());
  CHECK(goes(s) == ids{task_of(batch[1]).id});
  CHECK(s.record(keyed_outcome(batch[1], task_of(batch[1]))) == record_result::recorded);
  CHECK(goes(s) == ids{task_of(batch[2]).id});
}

TEST_CASE("other keys, other destinations and tasks without a key are not held up") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto a = s.accept({{s.hook, second}, at(1), 5, 1, {}, "{}", "a"}),
             a2 = s.accept({{s.hook}, at(2), 5, 1, {}, "{}", "a"});
  const auto b = s.accept({{s.hook}, at(3), 5, 1, {}, "{}", "b"}), none = s.accept({{s.hook}, at(4)});
  CHECK(goes(s) == ids{task_of(a).id, task_of(b).id, task_of(none).id});
  CHECK(s.claim(second, 1, at(10)).tasks.size() == 1);
  CHECK(s.accept({{second}, at(5), 5, 1, {}, "{}", "b"}).tasks.size() == 1);
  CHECK(s.claim(second, 1, at(10)).tasks.size() == 2);
}

TEST_CASE("what is held is not due, has no time, and waits as pending") {
  ON_EVERY_ENGINE(s);
  s.accept({{s.hook}, at(1), 5, 1, at(5'000), "{}", "k"});
  const auto held = s.accept({{s.hook}, at(2), 5, 1, {}, "{}", "k"});
  const auto stats = must(s.reader().destination_queue(s.hook, at(100)));
  CHECK(stats.pending == 2);
  CHECK(stats.due == 0);
  CHECK(stats.next_due == at(5'000));
  CHECK(s.view(held).tasks[0].status == task_status::pending);
  const auto waiting = must(s.reader().waiting_destinations());
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].waiting == 2);
  CHECK(waiting[0].next_due == at(5'000));
}

TEST_CASE("block: who waits for a retry holds the others, a dead letter lets them go") {
  ON_EVERY_ENGINE(s);
  const auto first = accept_keyed(s, "k"), next = accept_keyed(s, "k");
  auto retry = keyed_outcome(first, task_of(first), task_status::retrying);
  retry.due_at = at(9'000);
  REQUIRE(s.record(retry) == record_result::recorded);
  CHECK(s.writer().take_order_changes().empty());
  CHECK(goes(s, at(8'000)).empty());
  const auto again = s.claim(s.hook, 1, at(9'000)).tasks.at(0).state;
  CHECK(again.id == task_of(first).id);
  REQUIRE(s.record(keyed_outcome(first, again, task_status::failed)) == record_result::recorded);
  CHECK(s.writer().take_order_changes().released.size() == 1);
  CHECK(goes(s) == ids{task_of(next).id});
}

TEST_CASE("skip: who waits for a retry lets the others pass") {
  ON_EVERY_ENGINE(s);
  set_ordering(s, ordering_failure::skip);
  const auto first = accept_keyed(s, "k"), next = accept_keyed(s, "k");
  auto retry = keyed_outcome(first, task_of(first), task_status::retrying);
  retry.due_at = at(9'000);
  REQUIRE(s.record(retry) == record_result::recorded);
  CHECK(s.writer().take_order_changes().released.at(0).state.id == task_of(next).id);
  CHECK(goes(s, at(8'000)) == ids{task_of(next).id});
  CHECK(goes(s) == ids{task_of(next).id, task_of(first).id});
  REQUIRE(s.record(keyed_outcome(next)) == record_result::recorded);
  const auto fresh = keyed_request(s, "k");
  CHECK(s.accept({fresh})[0].held.empty());
}

TEST_CASE("park: a dead letter holds what came after it until it is redriven and delivered") {
  ON_EVERY_ENGINE(s);
  set_ordering(s, ordering_failure::park);
  const auto first = accept_keyed(s, "k"), next = accept_keyed(s, "k");
  REQUIRE(s.record(keyed_outcome(first, task_of(first), task_status::failed)) == record_result::recorded);
  CHECK(s.writer().take_order_changes().empty());
  CHECK(goes(s).empty());
  CHECK(s.view(next).tasks[0].status == task_status::parked);
  CHECK_FALSE(s.view(next).tasks[0].next_attempt_at);
  const auto stats = must(s.reader().whole_queue(at(100)));
  CHECK(stats.parked == 1);
  CHECK(stats.pending == 0);
  CHECK_FALSE(must(s.reader().waiting_destinations()).at(0).next_due);
  const auto later = keyed_request(s, "k");
  CHECK(s.accept({later})[0].held.size() == 1);

  const auto back = redrive(s, first);
  REQUIRE(back.size() == 1);
  CHECK(s.writer().take_order_changes().released.at(0).state.id == task_of(first).id);
  CHECK(goes(s) == ids{task_of(first).id});
  CHECK(s.view(next).tasks[0].status == task_status::pending);
  REQUIRE(s.record(keyed_outcome(first, back[0], task_status::failed)) == record_result::recorded);
  CHECK(goes(s).empty());
  const auto again = redrive(s, first);
  CHECK(goes(s) == ids{task_of(first).id});
  REQUIRE(s.record(keyed_outcome(first, again.at(0))) == record_result::recorded);
  CHECK(s.writer().take_order_changes().released.at(0).state.id == task_of(next).id);
  CHECK(goes(s) == ids{task_of(next).id});
}

TEST_CASE("park: discarding the dead letter lets the others go") {
  ON_EVERY_ENGINE(s);
  set_ordering(s, ordering_failure::park);
  const auto first = accept_keyed(s, "k"), next = accept_keyed(s, "k");
  REQUIRE(s.record(keyed_outcome(first, task_of(first), task_status::failed)) == record_result::recorded);
  dead_letter_filter one;
  one.tasks = {task_of(first).id};
  CHECK(discard(s, one) == 1);
  CHECK(goes(s) == ids{task_of(next).id});
}

TEST_CASE("a cancelled first lets the next go") {
  ON_EVERY_ENGINE(s);
  const auto first = accept_keyed(s, "k"), second = accept_keyed(s, "k"), third = accept_keyed(s, "k");
  cancel_all(s, second);
  CHECK(s.writer().take_order_changes().empty());
  cancel_all(s, first);
  CHECK(s.writer().take_order_changes().released.at(0).state.id == task_of(third).id);
  CHECK(goes(s) == ids{task_of(third).id});
}

TEST_CASE("a redriven task goes before all that were accepted after it, and they step back") {
  ON_EVERY_ENGINE(s);
  const auto first = accept_keyed(s, "k"), second = accept_keyed(s, "k"), third = accept_keyed(s, "k");
  REQUIRE(s.record(keyed_outcome(first, task_of(first), task_status::failed)) == record_result::recorded);
  const auto under_way = s.writer().take_order_changes().released.at(0).state;
  const auto back = redrive(s, first);
  const auto changes = s.writer().take_order_changes();
  CHECK(changes.released.at(0).state.id == task_of(first).id);
  CHECK(changes.stepped_back.at(0).id == task_of(second).id);
  CHECK(goes(s) == ids{task_of(first).id});
  SECTION("one that was under way meanwhile is recorded and held") {
    auto retry = keyed_outcome(second, under_way, task_status::retrying);
    retry.due_at = at(500);
    CHECK(s.record(retry) == record_result::held);
    CHECK(goes(s) == ids{task_of(first).id});
    REQUIRE(s.record(keyed_outcome(first, back[0])) == record_result::recorded);
    const auto released = s.writer().take_order_changes().released;
    REQUIRE(released.size() == 1);
    CHECK(released[0].state.attempts == 1);
    CHECK(released[0].state.due_at == at(500));
  }
  SECTION("one that was delivered meanwhile is done with") {
    CHECK(s.record(keyed_outcome(second, under_way)) == record_result::recorded);
    REQUIRE(s.record(keyed_outcome(first, back[0])) == record_result::recorded);
    CHECK(goes(s) == ids{task_of(third).id});
  }
}

TEST_CASE("a changed policy is followed at once") {
  ON_EVERY_ENGINE(s);
  set_ordering(s, ordering_failure::park);
  const auto first = accept_keyed(s, "k"), second = accept_keyed(s, "k"), third = accept_keyed(s, "k");
  REQUIRE(s.record(keyed_outcome(first, task_of(first), task_status::failed)) == record_result::recorded);
  set_ordering(s, ordering_failure::block);
  const auto released = s.writer().take_order_changes().released;
  REQUIRE(released.size() == 1);
  CHECK(released[0].state.id == task_of(second).id);
  auto retry = keyed_outcome(second, released[0].state, task_status::retrying);
  retry.due_at = at(500);
  REQUIRE(s.record(retry) == record_result::recorded);
  CHECK(s.writer().take_order_changes().empty());
  set_ordering(s, ordering_failure::skip);
  CHECK(s.writer().take_order_changes().released.at(0).state.id == task_of(third).id);
  set_ordering(s, ordering_failure::block);
  CHECK(s.writer().take_order_changes().stepped_back.at(0).id == task_of(third).id);
  CHECK(goes(s) == ids{task_of(second).id});
}

TEST_CASE("an organization's policy counts where the destination has none") {
  ON_EVERY_ENGINE(s);
  auto o = must(s.reader().get_organization(s.org));
  o.policy.ordering.on_failure = ordering_failure::park;
  must(s.write([&](write_session& w) { return w.update_organization(o, 0); }));
  const auto first = accept_keyed(s, "k"), next = accept_keyed(s, "k");
  REQUIRE(s.record(keyed_outcome(first, task_of(first), task_status::failed)) == record_result::recorded);
  CHECK(goes(s).empty());
  o.policy.ordering.on_failure = ordering_failure::block;
  must(s.write([&](write_session& w) { return w.update_organization(o, 0); }));
  CHECK(goes(s) == ids{task_of(next).id});
}

TEST_CASE("deleting a destination forgets what it parked") {
  ON_EVERY_ENGINE(s);
  set_ordering(s, ordering_failure::park);
  const auto first = accept_keyed(s, "k");
  accept_keyed(s, "k");
  REQUIRE(s.record(keyed_outcome(first, task_of(first), task_status::failed)) == record_result::recorded);
  CHECK(must(s.write([&](write_session& w) { return w.delete_destination(s.org, s.hook, 0, at(9)); })).size() == 1);
  CHECK(must(s.reader().waiting_destinations()).empty());
  CHECK(must(s.reader().reconcile()).difference() == 0);
}

TEST_CASE("what a rolled back transaction or job released is not told") {
  ON_EVERY_ENGINE(s);
  const auto first = accept_keyed(s, "k");
  accept_keyed(s, "k");
  auto& w = s.writer();
  must(w.begin());
  must(w.record({keyed_outcome(first)}, at(5)));
  w.rollback();
  CHECK(w.take_order_changes().empty());
  must(w.begin());
  must(w.savepoint());
  must(w.record({keyed_outcome(first)}, at(5)));
  w.rollback_savepoint();
  must(w.commit());
  CHECK(w.take_order_changes().empty());
  CHECK(goes(s) == ids{task_of(first).id});
}

TEST_CASE("a released task belongs to the owner of its shard") {
  ON_EVERY_ENGINE(s);
  const auto first = accept_keyed(s, "k"), next = accept_keyed(s, "k");
  const auto epoch = must(s.write([&](write_session& w) { return w.take_over_shards("node", at(1)); }));
  const auto owned = s.claim(s.hook, epoch, at(10)).tasks.at(0).state;
  REQUIRE(s.record(keyed_outcome(first, owned)) == record_result::recorded);
  const auto released = s.writer().take_order_changes().released.at(0).state;
  CHECK(released.owner_epoch == epoch);
  CHECK(s.record(keyed_outcome(next, released)) == record_result::recorded);
}
