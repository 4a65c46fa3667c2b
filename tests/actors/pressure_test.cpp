// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <mutex>
#include <vector>

#include "tests/actors/running_engine.hpp"

using namespace waybill;
using namespace waybill::tests;
using nlohmann::json;

namespace {

/// Keeps the completions of attempts until the test lets them go.
class held_attempts {
public:
  scripted_plugins::script script() {
    return [this](const core::delivery_call&, core::handler::completion done) {
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(done));
      most_ = std::max(most_, held_.size());
    };
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  std::size_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }
  bool release_one(const core::attempt_result& with = delivered()) {
    core::handler::completion done;
    {
      const std::lock_guard lock(mutex_);
      if (held_.empty()) return false;
      done = std::move(held_.front());
      held_.pop_front();
    }
    done(with);
    return true;
  }

private:
  std::mutex mutex_;
  std::deque<core::handler::completion> held_;
  std::size_t most_ = 0;
};

core::queue_report queue_of(running_engine& e, core::destination_id id) {
  auto found = e.ask<core::queue_report>([&](auto reply) { e.service().get_destination_queue(e.admin, id, reply); });
  REQUIRE(found);
  return *found;
}

void set_state(running_engine& e, core::destination_id id, core::destination_state state) {
  auto done =
      e.ask<core::destination>([&](auto reply) { e.service().set_destination_state(e.admin, id, state, "test", reply); });
  REQUIRE(done);
}

core::error_code refusal(running_engine& e, core::destination_id to) {
  auto answer = e.deliver(to);
  return answer ? core::error_code{} : answer.error().code;
}

}  // namespace

TEST_CASE_METHOD(running_engine, "a destination that refuses is paused and then served with half the concurrency") {
  held_attempts held;
  plugins.on_deliver(held.script());
  start();
  const auto to = make_destination({{"limits", {{"maxConcurrency", 8}}}});
  for (int i = 0; i < 20; ++i) REQUIRE(deliver(to));
  REQUIRE(eventually([&] { return held.size() == 8; }));
  auto refused = outcome(core::attempt_action::throttled, core::failure_category::rate_limit);
  for (int i = 0; i < 8; ++i) held.release_one(refused);
  REQUIRE(eventually([&] { return queue_of(*this, to).pace && queue_of(*this, to).pace->reduced; }));
  const auto report = queue_of(*this, to);
  CHECK(report.pace->concurrency == 4);
  CHECK(report.pace->rate_per_second > 0);
  REQUIRE(eventually([&] { return held.size() >= 1; }));
  CHECK(held.size() <= 4);
  CHECK(stop(core::milliseconds{0}) == false);
}

TEST_CASE_METHOD(running_engine, "what was parked is let go one by one at first") {
  held_attempts held;
  plugins.on_deliver(held.script());
  start();
  const auto to = make_destination({{"limits", {{"maxConcurrency", 8}}}, {"breaker", {{"rampUpMs", 3'600'000}}}});
  set_state(*this, to, core::destination_state::disabled);
  for (int i = 0; i < 5; ++i) REQUIRE(deliver(to));
  CHECK(queue_of(*this, to).stored.parked == 5);
  set_state(*this, to, core::destination_state::enabled);
  for (int i = 0; i < 5; ++i) REQUIRE(eventually([&] { return held.release_one(); }));
  REQUIRE(eventually([&] { return queue_of(*this, to).stored.pending == 0; }));
  CHECK(held.most() == 1);
  CHECK(queue_of(*this, to).pace->recovering);
}

TEST_CASE_METHOD(running_engine, "without a ramp all that was parked goes at once") {
  held_attempts held;
  plugins.on_deliver(held.script());
  start();
  const auto to = make_destination({{"limits", {{"maxConcurrency", 8}}}, {"breaker", {{"rampUpMs", 0}}}});
  set_state(*this, to, core::destination_state::disabled);
  for (int i = 0; i < 10; ++i) REQUIRE(deliver(to));
  set_state(*this, to, core::destination_state::enabled);
  CHECK(eventually([&] { return held.size() == 8; }));
  while (held.release_one() || eventually([&] { return held.size() > 0 || queue_of(*this, to).stored.pending == 0; }))
    if (queue_of(*this, to).stored.pending == 0) break;
}

TEST_CASE_METHOD(running_engine, "a full queue refuses new deliveries, never retries, and opens again when tasks end") {
  settings.queue.max_waiting = 3;
  plugins.on_deliver(
      [](const auto&, auto done) { done(outcome(core::attempt_action::reject, core::failure_category::validation)); });
  start();
  const auto failing = make_destination();
  const auto dead = deliver(failing);
  REQUIRE(dead);
  REQUIRE(reaches(dead->id, core::task_status::failed));
  const auto to = make_destination();
  set_state(*this, to, core::destination_state::disabled);
  auto first = deliver(to);
  REQUIRE(first);
  for (int i = 0; i < 2; ++i) REQUIRE(deliver(to));
  CHECK(refusal(*this, to) == core::error_code::queue_full);
  auto retried = ask<core::delivery_view>([&](auto reply) { service().retry_delivery(admin, dead->id, {}, reply); });
  CHECK(retried);
  REQUIRE(eventually([&] {
    return view(dead->id).tasks.at(0).attempts == 1 && view(dead->id).tasks.at(0).status == core::task_status::failed;
  }));
  CHECK(refusal(*this, to) == core::error_code::queue_full);
  REQUIRE(stop());
  start();  // the count comes from the store
  CHECK(refusal(*this, to) == core::error_code::queue_full);
  auto cancelled = ask<core::delivery_view>([&](auto reply) { service().cancel_delivery(admin, first->id, {}, reply); });
  REQUIRE(cancelled);
  CHECK(deliver(to));
  CHECK(refusal(*this, to) == core::error_code::queue_full);
}

TEST_CASE_METHOD(running_engine, "an organization's own limit holds for it alone, and a wrong request takes no room") {
  settings.queue.max_waiting_per_organization = 2;
  plugins.on_deliver([](const auto&, auto done) { done(delivered()); });
  start();
  const auto to = make_destination();
  set_state(*this, to, core::destination_state::disabled);
  for (int i = 0; i < 5; ++i) CHECK(refusal(*this, core::destination_id::make()) == core::error_code::destination_not_found);
  REQUIRE(deliver(to));
  REQUIRE(deliver(to));
  CHECK(refusal(*this, to) == core::error_code::queue_full);
  CHECK(queue_of(*this, to).max_waiting == 2);
}

TEST_CASE_METHOD(running_engine, "the places of the node go round among destinations that wait for them") {
  settings.queue.max_in_flight = 4;
  held_attempts held;
  plugins.on_deliver(held.script());
  start();
  std::vector<core::destination_id> all;
  for (int i = 0; i < 3; ++i) all.push_back(make_destination());
  std::vector<core::delivery_id> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(deliver(all[static_cast<std::size_t>(i) % all.size()])->id);
  // A destination's first place is beyond the limit, so two more at the most.
  REQUIRE(eventually([&] { return held.size() >= 4; }));
  std::size_t ended = 0;
  REQUIRE(eventually([&] {
    ended += held.release_one() ? 1 : 0;
    return ended == ids.size();
  }));
  CHECK(held.most() <= 6);
  for (const auto& id : ids) CHECK(reaches(id, core::task_status::delivered));
  CHECK(stop());
}

TEST_CASE_METHOD(running_engine, "a destination deleted while it waits for a place leaves it to the others") {
  settings.queue.max_in_flight = 1;
  held_attempts held;
  plugins.on_deliver(held.script());
  start();
  const auto greedy = make_destination(), deleted = make_destination();
  std::vector<core::delivery_id> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(deliver(greedy)->id);
  for (int i = 0; i < 3; ++i) REQUIRE(deliver(deleted));
  REQUIRE(eventually([&] { return held.size() == 2; }));
  auto gone = ask<void>([&](auto reply) { service().delete_destination(admin, deleted, 0, reply); });
  REQUIRE(gone);
  for (const auto& id : ids)
    REQUIRE(eventually([&] {
      held.release_one();
      return view(id).tasks.at(0).status == core::task_status::delivered;
    }));
}

TEST_CASE_METHOD(running_engine, "a start with many destinations that have work wakes all of them, and their counts agree") {
  plugins.on_deliver([](const auto&, auto done) { done(delivered()); });
  start();
  std::vector<core::destination_id> all;
  for (int i = 0; i < 600; ++i) {
    all.push_back(make_destination());
    set_state(*this, all.back(), core::destination_state::disabled);
    REQUIRE(deliver(all.back()));
  }
  REQUIRE(stop());
  {
    // Enabled behind the engine's back, so that the next start finds the work of all of them due.
    auto store = *core::open_store("sqlite://" + settings.data_dir + "/test.db");
    auto session = *store->open_writer();
    REQUIRE(session->begin());
    for (const auto& id : all)
      REQUIRE(session->set_destination_state(admin.organization, id, core::destination_state::enabled, "", time.now()));
    REQUIRE(session->commit());
  }
  start();
  CHECK(eventually([&] { return reconcile().delivered == all.size(); }));
  auto queue = ask<core::queue_report>([&](auto reply) { service().get_queue(admin, reply); });
  REQUIRE(queue);
  CHECK(queue->stored.pending + queue->stored.retrying + queue->stored.parked == 0);
  CHECK(reconcile().difference() == 0);
}
