// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/handler_instance.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/plugin_host/host_counters.hpp"
#include "tests/plugin_host/eventually.hpp"
#include "tests/plugin_host/scripted_plugin.hpp"

using namespace waybill::core;
using namespace waybill::tests;

namespace {

/// Keeps what a completion said.
struct outcome {
  signal happened;
  std::atomic<int> times{0};
  attempt_result result;
  [[nodiscard]] handler::completion take() {
    return [this](attempt_result r) {
      result = std::move(r);
      ++times;
      happened.set();
    };
  }
};

}  // namespace

TEST_CASE("A delivery that completes inside the hook is answered before deliver returns") {
  scripted s;
  outcome got;
  const auto token = s.instance->deliver(make_call(), got.take());
  CHECK(token != 0);
  CHECK(got.times == 1);
  CHECK(got.result.action == attempt_action::delivered);
  CHECK(s.instance->outstanding() == 0);
}

TEST_CASE("A delivery may be completed later and from another thread") {
  scripted s;
  outcome got;
  std::atomic<wb_token> given{0};
  s.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    given = t;
    return WB_OK;
  };
  s.instance->deliver(make_call(), got.take());
  CHECK(s.instance->outstanding() == 1);
  std::thread{[&] { answer(given, WB_ACTION_REJECT); }}.join();
  REQUIRE(got.happened.wait());
  CHECK(got.result.action == attempt_action::reject);
  CHECK(got.result.category == failure_category::system);
  CHECK(s.instance->outstanding() == 0);
}

TEST_CASE("The plugin sees the delivery as it was accepted, and one idempotency key for every attempt") {
  scripted s;
  auto call = make_call("hello");
  call.attempt = 3;
  const auto task = call.what.state.id.to_string();
  std::string seen_task, seen_key, seen_content, seen_metadata, seen_organization;
  std::uint32_t attempt = 0;
  s.plugin->deliver = [&](const wb_delivery* d, wb_token t) -> std::uint32_t {
    const auto text = [](wb_str v) { return std::string{v.ptr, v.size}; };
    seen_task = text(d->task_id);
    seen_key = text(d->idempotency_key);
    seen_metadata = text(d->metadata);
    seen_organization = text(d->organization_id);
    seen_content.assign(reinterpret_cast<const char*>(d->data), d->size);
    attempt = d->attempt;
    answer(t);
    return WB_OK;
  };
  const auto organization = call.what.state.organization.to_string();
  s.instance->deliver(call, [](attempt_result) {});
  CHECK(seen_task == task);
  CHECK(seen_key == task);
  CHECK(seen_content == "hello");
  CHECK(seen_metadata == R"({"region":"eu"})");
  CHECK(seen_organization == organization);
  CHECK(attempt == 3);
}

TEST_CASE("A refusal is answered with retry and system") {
  scripted s;
  outcome got;
  s.plugin->deliver = [](const wb_delivery*, wb_token) -> std::uint32_t { return WB_REFUSED; };
  s.instance->deliver(make_call(), got.take());
  CHECK(got.result.action == attempt_action::retry);
  CHECK(got.result.category == failure_category::system);
  CHECK(got.result.detail == "the plugin's deliver refused the call with 2");
}

TEST_CASE("A plugin that completes a call and then refuses it is heard once") {
  scripted s;
  outcome got;
  const auto faults = counters().plugin_faults.load();
  s.plugin->deliver = [](const wb_delivery*, wb_token t) -> std::uint32_t {
    answer(t);
    return WB_FAILED;
  };
  s.instance->deliver(make_call(), got.take());
  CHECK(got.times == 1);
  CHECK(got.result.action == attempt_action::delivered);
  CHECK(counters().plugin_faults == faults + 1);
}

TEST_CASE("An exception of a hook is answered with retry and system and does not pass") {
  scripted s;
  outcome got;
  s.plugin->deliver = [](const wb_delivery*, wb_token) -> std::uint32_t { throw std::runtime_error("boom"); };
  s.instance->deliver(make_call(), got.take());
  CHECK(got.result.action == attempt_action::retry);
  CHECK(got.result.detail == "the plugin's deliver threw: boom");
  s.plugin->test_connection = [](wb_token) -> std::uint32_t { throw 42; };
  s.instance->test_connection(mono_time{}, got.take());
  CHECK(got.result.detail == "the plugin's test_connection threw: an exception that is not a std::exception");
}

TEST_CASE("Two hooks of one handler never run at once, and nobody waits") {
  scripted s;
  signal entered, leave;
  std::vector<wb_token> order;
  s.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    order.push_back(t);
    if (order.size() == 1) {
      entered.set();
      (void)leave.wait();
    }
    answer(t);
    return WB_OK;
  };
  wb_token first = 0;
  std::thread busy{[&] { first = s.instance->deliver(make_call(), [](attempt_result) {}); }};
  REQUIRE(entered.wait());
  outcome later;
  const auto second = s.instance->deliver(make_call(), later.take());  // returns although the hook is taken
  CHECK(later.times == 0);
  CHECK(s.instance->outstanding() == 2);
  leave.set();
  busy.join();
  CHECK(later.times == 1);
  CHECK(order == std::vector<wb_token>{first, second});
  CHECK(s.plugin->most_inside == 1);
}

TEST_CASE("A completion may start the next delivery of the same handler") {
  scripted s;
  int left = 1'000;
  std::function<void(attempt_result)> again = [&](attempt_result) {
    if (--left > 0) s.instance->deliver(make_call(), again);
  };
  s.instance->deliver(make_call(), again);
  CHECK(left == 0);
  CHECK(s.plugin->most_inside == 1);
}

TEST_CASE("Many threads on one handler get every call answered once") {
  scripted s;
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) s.instance->deliver(make_call(), [&](attempt_result) { ++answers; });
    });
  for (auto& t : threads) t.join();
  CHECK(eventually([&] { return answers == 2'000; }));
  CHECK(s.plugin->most_inside == 1);
  CHECK(s.instance->outstanding() == 0);
}

TEST_CASE("After cancel the completion is not called, and a later one is counted as late") {
  scripted s;
  outcome got;
  wb_token given = 0;
  wb_token told = 0;
  s.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    given = t;
    return WB_OK;
  };
  s.plugin->cancel = [&](wb_token t) { told = t; };
  const auto token = s.instance->deliver(make_call(), got.take());
  s.instance->cancel(token);
  CHECK(told == token);
  CHECK(s.instance->outstanding() == 1);
  const auto late = counters().late_completions.load();
  answer(given);
  CHECK(got.times == 0);
  CHECK(counters().late_completions == late + 1);
  CHECK(s.instance->outstanding() == 0);
}

TEST_CASE("A call cancelled before its turn never reaches the plugin") {
  scripted s;
  signal entered, leave;
  int calls = 0;
  s.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    if (++calls == 1) {
      entered.set();
      (void)leave.wait();
    }
    answer(t);
    return WB_OK;
  };
  int told = 0;
  s.plugin->cancel = [&](wb_token) { ++told; };
  std::thread busy{[&] { s.instance->deliver(make_call(), [](attempt_result) {}); }};
  REQUIRE(entered.wait());
  outcome never;
  s.instance->cancel(s.instance->deliver(make_call(), never.take()));
  CHECK(s.instance->outstanding() == 1);
  leave.set();
  busy.join();
  CHECK(calls == 1);
  CHECK(told == 0);
  CHECK(never.times == 0);
}

TEST_CASE("A second completion and an invented token are counted and dropped") {
  scripted s;
  outcome got;
  const auto unknown = counters().unknown_completions.load();
  const auto token = s.instance->deliver(make_call(), got.take());
  answer(token);
  answer(0);
  answer(12345);
  CHECK(got.times == 1);
  CHECK(counters().unknown_completions == unknown + 3);
}

TEST_CASE("A handler with nothing outstanding is closed at once") {
  scripted s;
  s.drop();
  CHECK(s.plugin->closed == 1);
}

TEST_CASE("Close waits for the last token and is called once") {
  scripted s;
  wb_token given = 0;
  std::int64_t drained_until = 0;
  s.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    given = t;
    return WB_OK;
  };
  signal drained;
  s.plugin->drain = [&](std::int64_t deadline) {
    drained_until = deadline;
    drained.set();
  };
  s.instance->deliver(make_call(), [](attempt_result) {});
  s.drop();
  REQUIRE(drained.wait());
  CHECK(drained_until == to_monotonic_ms(make_call().deadline));
  CHECK(s.plugin->closed == 0);
  answer(given);
  CHECK(eventually([&] { return s.plugin->closed == 1; }));
  CHECK(s.plugin->most_inside == 1);
}

TEST_CASE("Close is never called on the stack of a completion") {
  scripted s;
  s.plugin->deliver = [](const wb_delivery*, wb_token) -> std::uint32_t { return WB_OK; };
  const auto token = s.instance->deliver(make_call(), [](attempt_result) {});
  s.drop();
  // The plugin's thread is inside complete here; the close must come from elsewhere, whenever it comes.
  s.threads->hooks.stop();
  const auto before = s.plugin->closed.load();
  answer(token);
  CHECK(s.plugin->closed == before);
}

TEST_CASE("The face may be dropped inside the completion") {
  scripted s;
  s.plugin->deliver = [](const wb_delivery*, wb_token t) -> std::uint32_t {
    answer(t);
    return WB_OK;
  };
  s.instance->deliver(make_call(), [&](attempt_result) { s.instance->close_when_done(); });
  CHECK(eventually([&] { return s.plugin->closed == 1; }));
  CHECK(s.plugin->most_inside == 1);
}

TEST_CASE("A blocking plugin runs on the pool, one hook of a handler at a time") {
  scripted s{WB_FEATURE_BLOCKING};
  signal entered, leave;
  std::atomic<bool> is_foreign{false};
  const auto here = std::this_thread::get_id();
  s.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    is_foreign = std::this_thread::get_id() != here;
    entered.set();
    (void)leave.wait();
    answer(t);
    return WB_OK;
  };
  outcome first, second;
  s.instance->deliver(make_call(), first.take());
  s.instance->deliver(make_call(), second.take());
  REQUIRE(entered.wait());
  CHECK(first.times == 0);
  leave.set();
  REQUIRE(first.happened.wait());
  REQUIRE(second.happened.wait());
  CHECK(is_foreign);
  CHECK(s.plugin->most_inside == 1);
}

TEST_CASE("A blocking call that hangs costs its thread once it is cancelled, and not the others' turn") {
  scripted hanging{WB_FEATURE_BLOCKING, 1};
  signal entered, leave;
  hanging.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    entered.set();
    (void)leave.wait();
    answer(t);
    return WB_OK;
  };
  const auto token = hanging.instance->deliver(make_call(), [](attempt_result) {});
  REQUIRE(entered.wait());
  auto plugin = std::make_unique<wb_handler>();
  auto other = std::make_shared<handler_instance>(scripted_table(WB_FEATURE_BLOCKING),
                                                  handler_instance::identity{"scripted", destination_id::make()},
                                                  std::make_shared<fake_services>(), hanging.threads);
  other->opened(plugin.get());
  outcome got;
  other->deliver(make_call(), got.take());
  CHECK(got.times == 0);
  hanging.instance->cancel(token);
  CHECK(got.happened.wait());
  leave.set();
  CHECK(eventually([&] { return hanging.threads->blocking.written_off() == 0; }));
  other->close_when_done();
}

TEST_CASE("When the pools have stopped a blocking call is answered, not lost") {
  scripted s{WB_FEATURE_BLOCKING};
  s.threads->stop();
  outcome got;
  s.instance->deliver(make_call(), got.take());
  CHECK(got.times == 1);
  CHECK(got.result.action == attempt_action::retry);
}

TEST_CASE("Drain runs between the hooks of a handler and may block") {
  scripted s;
  signal entered, leave, drained;
  s.plugin->drain = [&](std::int64_t) {
    entered.set();
    (void)leave.wait();
  };
  s.instance->drain(mono_time{std::chrono::seconds{5}}, [&] { drained.set(); });
  REQUIRE(entered.wait());
  outcome got;
  s.instance->deliver(make_call(), got.take());
  CHECK(got.times == 0);
  leave.set();
  CHECK(drained.wait());
  CHECK(got.happened.wait());
  CHECK(s.plugin->most_inside == 1);
}
