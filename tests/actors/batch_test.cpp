// SPDX-License-Identifier: Apache-2.0
// Destinations that ask for batches, on scripted plugins.
#include <catch2/catch.hpp>

#include "tests/actors/running_engine.hpp"

using namespace waybill;
using namespace waybill::tests;
using core::task_status;
using namespace std::chrono_literals;

namespace {

using calls_of_batch = std::vector<core::delivery_call>;
using completions = std::vector<core::handler::completion>;

/// An engine whose batches can be held back and answered later.
class batching_engine : public running_engine {
public:
  struct held_batch {
    calls_of_batch calls;
    completions done;
  };

  void hold_batches() {
    plugins.on_deliver_batch([this](const calls_of_batch& calls, completions done) {
      std::lock_guard lock(mutex_);
      held_.push_back({calls, std::move(done)});
    });
  }
  /// Waits for the batch with this number, from 0.
  held_batch held(std::size_t number) {
    REQUIRE(eventually([&] {
      std::lock_guard lock(mutex_);
      return held_.size() > number;
    }));
    std::lock_guard lock(mutex_);
    return held_.at(number);
  }
  std::vector<core::delivery_id> deliver_many(core::destination_id to, int count) {
    std::vector<core::delivery_id> ids;
    for (int i = 0; i < count; ++i) ids.push_back(deliver(to)->id);
    return ids;
  }
  bool all_reach(const std::vector<core::delivery_id>& ids, task_status status) {
    return std::all_of(ids.begin(), ids.end(), [&](const auto& id) { return reaches(id, status); });
  }
  core::destination_health health(core::destination_id id) {
    return *ask<core::destination_health>([&](auto reply) { service().get_health(admin, id, reply); });
  }

private:
  std::mutex mutex_;
  std::vector<held_batch> held_;
};

nlohmann::json batches_of(int count, int wait_ms = 60'000) {
  return {{"batch", {{"maxCount", count}, {"maxWaitMs", wait_ms}}}};
}

void all_delivered(const calls_of_batch&, completions done) {
  for (auto& d : done) d(delivered());
}

}  // namespace

TEST_CASE_METHOD(batching_engine, "tasks go out together as soon as the batch is full") {
  plugins.on_deliver_batch(all_delivered);
  start();
  const auto ids = deliver_many(make_destination(batches_of(5)), 10);
  CHECK(all_reach(ids, task_status::delivered));
  CHECK(plugins.batch_sizes() == std::vector<std::size_t>{5, 5});
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(batching_engine, "a batch that does not fill leaves when its first task has waited") {
  plugins.on_deliver_batch(all_delivered);
  start();
  const auto ids = deliver_many(make_destination(batches_of(100, 20)), 3);
  CHECK(all_reach(ids, task_status::delivered));
  std::size_t sum = 0;
  for (const auto size : plugins.batch_sizes()) sum += size;
  CHECK(sum == 3);
}

TEST_CASE_METHOD(batching_engine, "a batch ends where its bytes do") {
  plugins.on_deliver_batch(all_delivered);
  start();
  auto policy = batches_of(100, 200);
  policy["batch"]["maxBytes"] = 2'048;
  const auto to = make_destination(policy);
  std::vector<core::delivery_id> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(deliver(to, '"' + std::string(900, 'x') + '"')->id);
  CHECK(all_reach(ids, task_status::delivered));
  CHECK(plugins.batch_sizes() == std::vector<std::size_t>{2, 2});
}

TEST_CASE_METHOD(batching_engine, "each task of a batch has its own outcome and its own retries") {
  hold_batches();
  start();
  auto policy = batches_of(3, 20);
  policy["retry"]["maxAttempts"] = 2;
  const auto to = make_destination(policy);
  const auto ids = deliver_many(to, 3);
  auto first = held(0);
  REQUIRE(first.calls.size() == 3);
  first.done[0](delivered());
  first.done[1](outcome(core::attempt_action::reject, core::failure_category::validation));
  first.done[2](unreachable());
  auto second = held(1);
  REQUIRE(second.calls.size() == 1);
  CHECK(second.calls[0].attempt == 2);
  CHECK(second.calls[0].what.state.id == first.calls[2].what.state.id);
  second.done[0](delivered());
  CHECK(all_reach({ids[0], ids[2]}, task_status::delivered));
  CHECK(reaches(ids[1], task_status::failed));
  CHECK(view(ids[2]).tasks.at(0).attempt_log.size() == 2);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(batching_engine, "a batch that fails as a whole counts once for the breaker") {
  hold_batches();
  start();
  auto policy = batches_of(10);
  policy["retry"] = {{"initialDelayMs", 60'000}, {"maxDelayMs", 60'000}};
  const auto to = make_destination(policy);
  const auto ids = deliver_many(to, 10);
  for (auto& done : held(0).done) done(unreachable());
  CHECK(all_reach(ids, task_status::retrying));
  CHECK(health(to).consecutive_failures == 1);
}

TEST_CASE_METHOD(batching_engine, "a batch with one delivered task is no failure of its destination") {
  hold_batches();
  start();
  auto policy = batches_of(3);
  policy["retry"] = {{"initialDelayMs", 60'000}, {"maxDelayMs", 60'000}};
  const auto to = make_destination(policy);
  const auto ids = deliver_many(to, 3);
  auto batch = held(0);
  batch.done[0](unreachable());
  batch.done[1](delivered());
  batch.done[2](unreachable());
  CHECK(all_reach({ids[0], ids[2]}, task_status::retrying));
  CHECK(health(to).consecutive_failures == 0);
}

TEST_CASE_METHOD(batching_engine, "a batch takes one place of its destination's concurrency") {
  hold_batches();
  start();
  auto policy = batches_of(4);
  policy["limits"]["maxConcurrency"] = 2;
  const auto to = make_destination(policy);
  const auto ids = deliver_many(to, 12);
  auto first = held(0);
  auto second = held(1);
  CHECK(plugins.batch_sizes().size() == 2);
  // A place is free when the last task of its batch is over, and not before.
  for (std::size_t i = 0; i < 3; ++i) first.done[i](delivered());
  REQUIRE(reaches(ids[2], task_status::delivered));
  CHECK(plugins.batch_sizes().size() == 2);
  first.done[3](delivered());
  for (auto& done : held(2).done) done(delivered());
  for (auto& done : second.done) done(delivered());
  CHECK(all_reach(ids, task_status::delivered));
}

TEST_CASE_METHOD(batching_engine, "a task cancelled in a batch under way leaves the others alone") {
  hold_batches();
  start();
  const auto ids = deliver_many(make_destination(batches_of(3)), 3);
  auto batch = held(0);
  REQUIRE(ask<core::delivery_view>([&](auto reply) { service().cancel_delivery(admin, ids[1], {}, reply); }));
  REQUIRE(eventually([&] { return plugins.cancelled() == 1; }));
  for (auto& done : batch.done) done(delivered());
  CHECK(all_reach({ids[0], ids[2]}, task_status::delivered));
  CHECK(view(ids[1]).tasks.at(0).status == task_status::cancelled);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(batching_engine, "a task cancelled while its batch is being collected never leaves") {
  hold_batches();
  start();
  const auto to = make_destination(batches_of(3));
  const auto ids = deliver_many(to, 2);
  REQUIRE(ask<core::delivery_view>([&](auto reply) { service().cancel_delivery(admin, ids[0], {}, reply); }));
  const auto more = deliver_many(to, 2);
  auto batch = held(0);
  CHECK(batch.calls.size() == 3);
  for (auto& done : batch.done) done(delivered());
  CHECK(all_reach({ids[1], more[0], more[1]}, task_status::delivered));
  CHECK(view(ids[0]).tasks.at(0).status == task_status::cancelled);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(batching_engine, "tasks of a batch that are never answered are timed out and tried again") {
  settings.queue.attempt_timeout = 50ms;
  hold_batches();
  start();
  const auto to = make_destination(batches_of(3, 20));
  const auto ids = deliver_many(to, 3);
  auto first = held(0);
  first.done[0](delivered());
  plugins.on_deliver_batch(all_delivered);
  CHECK(all_reach(ids, task_status::delivered));
  CHECK(plugins.cancelled() == 2);
  CHECK(view(ids[1]).tasks.at(0).attempt_log.at(0).result.category == core::failure_category::timeout);
  first.done[1](unreachable());  // late: decided already
  CHECK(view(ids[1]).tasks.at(0).status == task_status::delivered);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(batching_engine, "stopping hands back what is collected and what is under way") {
  hold_batches();
  start();
  const auto ids = deliver_many(make_destination(batches_of(3)), 5);
  static_cast<void>(held(0));
  CHECK_FALSE(stop(50ms));
  plugins.on_deliver_batch(all_delivered);
  start();
  const auto more = deliver_many(view(ids[0]).tasks.at(0).destination, 1);
  CHECK(all_reach(ids, task_status::delivered));
  CHECK(all_reach(more, task_status::delivered));
  CHECK(reconcile().difference() == 0);
  CHECK(stop());
}

TEST_CASE_METHOD(batching_engine, "a destination disabled while it collects keeps its tasks, and enabled it sends them") {
  plugins.on_deliver_batch(all_delivered);
  start();
  const auto to = make_destination(batches_of(4));
  const auto ids = deliver_many(to, 3);
  const auto set = [&](core::destination_state state) {
    REQUIRE(ask<core::destination>([&](auto reply) { service().set_destination_state(admin, to, state, "a test", reply); }));
  };
  set(core::destination_state::disabled);
  CHECK(all_reach(ids, task_status::parked));
  set(core::destination_state::enabled);
  const auto last = deliver_many(to, 1);
  CHECK(all_reach(ids, task_status::delivered));
  CHECK(all_reach(last, task_status::delivered));
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(batching_engine, "a thousand tasks arrive once each, whatever fails on the way") {
  std::atomic<int> batches{0};
  plugins.on_deliver_batch([&](const calls_of_batch&, completions done) {
    const auto number = ++batches;
    for (std::size_t i = 0; i < done.size(); ++i) {
      const bool fails = number % 4 == 0 || (number % 4 == 1 && i % 3 == 0);
      done[i](fails ? unreachable() : delivered());
    }
  });
  settings.queue.window = 64;
  start();
  auto policy = batches_of(50, 5);
  policy["retry"]["maxAttempts"] = 50;
  const auto ids = deliver_many(make_destination(policy), 1'000);
  CHECK(all_reach(ids, task_status::delivered));
  CHECK(reconcile().difference() == 0);
  for (const auto size : plugins.batch_sizes()) CHECK(size <= 50);
}

TEST_CASE_METHOD(batching_engine, "batches are refused for a type that takes none, at creation and at a change") {
  plugins.on_deliver([](const auto&, auto done) { done(delivered()); });
  start();
  core::destination_input input;
  input.type = "scripted";
  input.label = "a destination";
  input.config = nlohmann::json{{"url", "http://somewhere"}};
  input.policy = batches_of(10);
  auto made = ask<core::created_destination>([&](auto reply) { service().create_destination(admin, input, false, reply); });
  REQUIRE_FALSE(made);
  REQUIRE(made.error().fields.size() == 1);
  CHECK(made.error().fields[0].pointer == "/policy/batch/maxCount");
  const auto to = make_destination(batches_of(1));
  core::destination_input change;
  change.policy = batches_of(2);
  auto changed = ask<core::destination>([&](auto reply) {
    service().update_destination(admin, to, change, core::update_kind::merge, destination(to).version, false, reply);
  });
  REQUIRE_FALSE(changed);
  CHECK(changed.error().fields.at(0).pointer == "/policy/batch/maxCount");
}

TEST_CASE_METHOD(batching_engine, "an engine-wide wish for batches leaves types that take none alone") {
  settings.batch.max_count = 10;
  settings.batch.max_wait = 60'000ms;
  plugins.on_deliver([](const auto&, auto done) { done(delivered()); });
  start();
  CHECK(all_reach(deliver_many(make_destination(), 3), task_status::delivered));
}

TEST_CASE_METHOD(batching_engine, "of one ordering key at most one task rides in a batch, and no two are under way at once") {
  std::mutex order;
  std::vector<core::delivery_id> seen;
  std::atomic<int> most{0};
  plugins.on_deliver_batch([&](const calls_of_batch& calls, completions done) {
    int of_key = 0;
    {
      std::lock_guard lock(order);
      for (const auto& call : calls) {
        if (call.what.content->ordering_key.empty()) continue;
        ++of_key;
        seen.push_back(call.what.state.delivery);
      }
    }
    if (of_key > most) most = of_key;
    all_delivered(calls, std::move(done));
  });
  start();
  const auto to = make_destination(batches_of(10, 5));
  std::vector<core::delivery_id> expected;
  std::vector<core::delivery_id> others;
  for (int i = 0; i < 10; ++i) {
    core::delivery_request request;
    request.destinations = {to};
    request.payload_type = "data";
    request.content = "{}";
    request.ordering_key = "account-7";
    auto receipt = ask<core::delivery_receipt>([&](auto reply) { service().deliver(admin, request, reply); });
    REQUIRE(receipt);
    expected.push_back(receipt->id);
    others.push_back(deliver(to)->id);
  }
  CHECK(all_reach(expected, task_status::delivered));
  CHECK(all_reach(others, task_status::delivered));
  CHECK(most == 1);
  std::lock_guard lock(order);
  CHECK(seen == expected);
}
