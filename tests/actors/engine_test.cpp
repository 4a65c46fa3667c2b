// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <stdexcept>

#include "tests/actors/running_engine.hpp"

using namespace waybill;
using namespace waybill::tests;
using core::task_status;
using namespace std::chrono_literals;

TEST_CASE_METHOD(running_engine, "a delivery reaches its destination and its attempt is kept") {
  plugins.on_deliver([](const auto& call, auto done) {
    CHECK(call.attempt == 1);
    auto r = delivered();
    r.external_reference = "theirs-1";
    done(r);
  });
  start();
  auto receipt = deliver(make_destination());
  REQUIRE(receipt);
  REQUIRE(reaches(receipt->id, task_status::delivered));
  auto seen = view(receipt->id);
  CHECK(seen.status == core::delivery_status::completed);
  CHECK(seen.tasks.at(0).external_reference == "theirs-1");
  REQUIRE(seen.tasks.at(0).attempt_log.size() == 1);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(running_engine, "one destination that fails does not touch the others of a delivery") {
  start();
  auto good = make_destination();
  auto bad = make_destination({{"retry", {{"maxAttempts", 1}}}});
  plugins.on_deliver(
      [&](const auto& call, auto done) { done(call.what.state.destination == bad ? unreachable() : delivered()); });
  core::delivery_request request;
  request.destinations = {good, bad};
  request.payload_type = "data";
  request.content = "{}";
  auto receipt = ask<core::delivery_receipt>([&](auto reply) { service().deliver(admin, request, reply); });
  REQUIRE(receipt);
  REQUIRE(eventually([&] { return view(receipt->id).status == core::delivery_status::failed; }));
  for (const auto& t : view(receipt->id).tasks)
    CHECK(t.status == (t.destination == good ? task_status::delivered : task_status::failed));
}

TEST_CASE_METHOD(running_engine, "a failed attempt is retried with the same task until it succeeds") {
  std::atomic<int> calls{0};
  plugins.on_deliver([&](const auto& call, auto done) {
    CHECK(call.attempt == static_cast<std::uint32_t>(++calls));
    done(calls < 4 ? unreachable() : delivered());
  });
  start();
  auto receipt = deliver(make_destination());
  REQUIRE(receipt);
  REQUIRE(reaches(receipt->id, task_status::delivered));
  CHECK(view(receipt->id).tasks.at(0).attempt_log.size() == 4);
}

TEST_CASE_METHOD(running_engine, "a task out of attempts is a dead letter that can be redriven") {
  std::atomic<bool> up{false};
  plugins.on_deliver([&](const auto&, auto done) { done(up ? delivered() : unreachable()); });
  start();
  auto receipt = deliver(make_destination({{"retry", {{"maxAttempts", 2}}}}));
  REQUIRE(receipt);
  REQUIRE(reaches(receipt->id, task_status::failed));
  CHECK(reconcile().difference() == 0);
  auto letters = ask<core::page<core::dead_letter>>([&](auto reply) { service().list_dead_letters(admin, {}, {}, reply); });
  REQUIRE(letters);
  REQUIRE(letters->items.size() == 1);
  auto preview = ask<core::dead_letter_preview>([&](auto reply) { service().preview_dead_letters(admin, {}, reply); });
  REQUIRE(preview);
  CHECK(preview->count == 1);
  CHECK(preview->sample.size() == 1);
  up = true;
  auto made = ask<core::job>([&](auto reply) { service().create_job(admin, {}, reply); });
  REQUIRE(made);
  CHECK(made->total == 1);
  REQUIRE(reaches(receipt->id, task_status::delivered));
  CHECK(view(receipt->id).tasks.at(0).attempt_log.size() == 3);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(running_engine, "an open breaker parks tasks, uses up no attempts and lets them through when it closes") {
  std::atomic<bool> up{false};
  plugins.on_deliver([&](const auto&, auto done) { done(up ? delivered() : unreachable()); });
  start();
  auto to = make_destination({{"breaker", {{"failureThreshold", 2}, {"recoveryTimeoutMs", 1'000}, {"halfOpenMaxCalls", 1}}},
                              {"limits", {{"maxConcurrency", 1}}},
                              {"retry", {{"maxAttempts", 50}}}});
  std::vector<core::delivery_id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(deliver(to)->id);
  const auto open = [&] {
    auto h = ask<core::destination_health>([&](auto reply) { service().get_health(admin, to, reply); });
    return h->breaker == core::breaker_state::open;
  };
  REQUIRE(eventually(open));
  CHECK(plugins.attempts() == 2);
  CHECK(view(ids.back()).tasks.at(0).status == task_status::parked);
  up = true;
  for (const auto& id : ids) CHECK(reaches(id, task_status::delivered));
  CHECK(view(ids.back()).tasks.at(0).attempt_log.size() == 1);
}

TEST_CASE_METHOD(running_engine, "a destination that says it is gone is disabled, and enabling it releases what is parked") {
  std::atomic<bool> gone{true};
  plugins.on_deliver([&](const auto&, auto done) {
    auto r = gone ? outcome(core::attempt_action::retry, core::failure_category::remote) : delivered();
    r.disable_destination = gone;
    done(r);
  });
  start();
  auto to = make_destination();
  auto receipt = deliver(to);
  REQUIRE(receipt);
  REQUIRE(eventually([&] { return destination(to).state == core::destination_state::disabled; }));
  CHECK(!destination(to).disabled_reason.empty());
  auto later = deliver(to);
  REQUIRE(later);
  CHECK(view(later->id).tasks.at(0).status == task_status::parked);
  gone = false;
  auto enabled = ask<core::destination>(
      [&](auto reply) { service().set_destination_state(admin, to, core::destination_state::enabled, "repaired", reply); });
  REQUIRE(enabled);
  CHECK(reaches(receipt->id, task_status::delivered));
  CHECK(reaches(later->id, task_status::delivered));
}

TEST_CASE_METHOD(running_engine, "many failures in a row disable a destination with a reason") {
  plugins.on_deliver([](const auto&, auto done) { done(unreachable()); });
  start();
  auto to = make_destination({{"disableThreshold", 3}});
  for (int i = 0; i < 5; ++i) REQUIRE(deliver(to));
  REQUIRE(eventually([&] { return destination(to).state == core::destination_state::disabled; }));
  CHECK(destination(to).disabled_reason.find("failures in a row") != std::string::npos);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(running_engine, "an actor that crashes is started again and loses nothing") {
  std::atomic<int> calls{0};
  plugins.on_deliver([&](const auto&, auto done) {
    if (++calls == 3) throw std::runtime_error("a defect in the engine");
    done(delivered());
  });
  start();
  auto to = make_destination();
  std::vector<core::delivery_id> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(deliver(to)->id);
  for (const auto& id : ids) CHECK(reaches(id, task_status::delivered));
  CHECK(reconcile().difference() == 0);
  CHECK(plugins.opened() >= 2);
}

TEST_CASE_METHOD(running_engine, "a destination that keeps crashing its actor is disabled, its neighbours go on") {
  start();
  auto bad = make_destination();
  auto good = make_destination();
  plugins.on_deliver([&](const auto& call, auto done) {
    if (call.what.state.destination == bad) throw std::runtime_error("every time");
    done(delivered());
  });
  auto lost = deliver(bad);
  REQUIRE(lost);
  REQUIRE(eventually([&] { return destination(bad).state == core::destination_state::disabled; }));
  CHECK(destination(bad).disabled_reason.find("crashed") != std::string::npos);
  CHECK(view(lost->id).tasks.at(0).status == task_status::parked);
  CHECK(reaches(deliver(good)->id, task_status::delivered));
}

TEST_CASE_METHOD(running_engine, "a plugin that never completes is timed out, and its late answer changes nothing") {
  settings.queue.attempt_timeout = 50ms;
  std::mutex mutex;
  std::vector<core::handler::completion> kept;
  std::atomic<int> calls{0};
  plugins.on_deliver([&](const auto&, auto done) {
    std::lock_guard lock(mutex);
    if (++calls == 1)
      kept.push_back(done);
    else
      done(delivered());
  });
  start();
  auto receipt = deliver(make_destination());
  REQUIRE(receipt);
  REQUIRE(reaches(receipt->id, task_status::delivered));
  CHECK(plugins.cancelled() == 1);
  auto log = view(receipt->id).tasks.at(0).attempt_log;
  REQUIRE(log.size() == 2);
  CHECK(log.at(0).result.category == core::failure_category::timeout);
  kept.at(0)(unreachable());
  CHECK(view(receipt->id).tasks.at(0).status == task_status::delivered);
}

TEST_CASE_METHOD(running_engine, "stopping hands back what does not finish in time, and the next start delivers it") {
  std::atomic<bool> hang{true};
  plugins.on_deliver([&](const auto&, auto done) {
    if (!hang) done(delivered());
  });
  start();
  auto to = make_destination({{"limits", {{"maxConcurrency", 2}}}});
  std::vector<core::delivery_id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(deliver(to)->id);
  REQUIRE(eventually([&] { return plugins.attempts() == 2; }));
  CHECK_FALSE(stop(50ms));
  hang = false;
  start();
  for (const auto& id : ids) CHECK(reaches(id, task_status::delivered));
  CHECK(reconcile().difference() == 0);
  CHECK(stop());
}

TEST_CASE_METHOD(running_engine, "a cancelled task is not tried again, also when it is under way") {
  std::mutex mutex;
  std::vector<core::handler::completion> kept;
  plugins.on_deliver([&](const auto&, auto done) {
    std::lock_guard lock(mutex);
    kept.push_back(done);
  });
  start();
  auto receipt = deliver(make_destination());
  REQUIRE(receipt);
  REQUIRE(eventually([&] { return plugins.attempts() == 1; }));
  auto cancelled = ask<core::delivery_view>([&](auto reply) { service().cancel_delivery(admin, receipt->id, {}, reply); });
  REQUIRE(cancelled);
  CHECK(cancelled->tasks.at(0).status == task_status::cancelled);
  REQUIRE(eventually([&] { return plugins.cancelled() == 1; }));
  kept.at(0)(delivered());
  CHECK(view(receipt->id).tasks.at(0).status == task_status::cancelled);
  auto again = ask<core::delivery_view>([&](auto reply) { service().cancel_delivery(admin, receipt->id, {}, reply); });
  REQUIRE_FALSE(again);
  CHECK(again.error().code == core::error_code::conflict);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(running_engine, "an idle destination is let go and comes back for a retry that is due later") {
  settings.queue.passivate_after = 100ms;
  std::atomic<int> calls{0};
  plugins.on_deliver([&](const auto&, auto done) { done(++calls == 1 ? unreachable() : delivered()); });
  start();
  auto receipt = deliver(make_destination({{"retry", {{"initialDelayMs", 3'000}, {"maxDelayMs", 3'000}}}}));
  REQUIRE(receipt);
  REQUIRE(reaches(receipt->id, task_status::delivered));
  CHECK(plugins.opened() == 2);
}

TEST_CASE_METHOD(running_engine, "more tasks than a window holds all arrive, in the order of their priority and age") {
  settings.queue.window = 10;
  std::mutex mutex;
  std::vector<core::handler::completion> gate;
  std::atomic<bool> open{false};
  plugins.on_deliver([&](const auto&, auto done) {
    std::lock_guard lock(mutex);
    if (open)
      done(delivered());
    else
      gate.push_back(done);
  });
  start();
  auto to = make_destination({{"limits", {{"maxConcurrency", 1}}}});
  std::vector<core::delivery_id> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(deliver(to)->id);
  REQUIRE(eventually([&] { return plugins.attempts() == 1; }));
  {
    std::lock_guard lock(mutex);
    open = true;
    for (auto& done : gate) done(delivered());
  }
  for (const auto& id : ids) CHECK(reaches(id, task_status::delivered));
  for (const auto& [task, count] : plugins.attempts_by_task()) CHECK(count == 1);
}

TEST_CASE_METHOD(running_engine, "a destination of another organization does not exist for a caller") {
  plugins.on_deliver([](const auto&, auto done) { done(delivered()); });
  start();
  auto to = make_destination();
  auto receipt = deliver(to);
  REQUIRE(receipt);
  auto stranger = admin;
  stranger.organization = core::organization_id::make();
  std::swap(admin, stranger);
  CHECK(deliver(to).error().code == core::error_code::destination_not_found);
  auto d = ask<core::destination>([&](auto reply) { service().get_destination(admin, to, reply); });
  CHECK(d.error().code == core::error_code::destination_not_found);
  auto v = ask<core::delivery_view>([&](auto reply) { service().get_delivery(admin, receipt->id, reply); });
  CHECK(v.error().code == core::error_code::delivery_not_found);
  std::swap(admin, stranger);
}

TEST_CASE_METHOD(running_engine, "a secret of a configuration is never shown and survives an update with the mark") {
  plugins.on_deliver([](const auto&, auto done) { done(delivered()); });
  start();
  auto to = make_destination();
  auto shown = destination(to);
  CHECK(shown.config.dump().find("very-secret") == std::string::npos);
  core::destination_input patch;
  patch.config = nlohmann::json{{"url", "http://elsewhere"}, {"apiKey", shown.config.at("apiKey")}};
  auto changed = ask<core::destination>([&](auto reply) {
    service().update_destination(admin, to, patch, core::update_kind::merge, shown.version, false, reply);
  });
  REQUIRE(changed);
  CHECK(changed->config.at("url") == "http://elsewhere");
  CHECK(changed->config.dump().find("very-secret") == std::string::npos);
  auto stale = ask<core::destination>([&](auto reply) {
    service().update_destination(admin, to, patch, core::update_kind::merge, shown.version, false, reply);
  });
  CHECK(stale.error().code == core::error_code::precondition_failed);
  CHECK(reaches(deliver(to)->id, task_status::delivered));
}
