// SPDX-License-Identifier: Apache-2.0
// Several deliveries in one call of a plugin, each with a token of its own.
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/plugin_host/handler_instance.hpp"
#include "tests/plugin_host/eventually.hpp"
#include "tests/plugin_host/scripted_plugin.hpp"

using namespace waybill::core;
using namespace waybill::tests;

namespace {

/// The outcomes of one batch, by place; a call that has none yet, or never will, has zero times.
struct outcomes {
  explicit outcomes(std::size_t count) : times(count), results(count) {}

  std::vector<handler::token> start(handler_instance& on) {
    std::vector<delivery_call> calls;
    std::vector<handler::completion> done;
    for (std::size_t i = 0; i < times.size(); ++i) {
      calls.push_back(make_call());
      calls.back().deadline = calls.front().deadline;
      done.push_back([this, i](attempt_result r) {
        results[i] = std::move(r);
        ++times[i];
      });
    }
    return on.deliver_batch(std::move(calls), std::move(done));
  }

  std::vector<std::atomic<int>> times;
  std::vector<attempt_result> results;
};

}  // namespace

TEST_CASE("Each delivery of a batch has its own token, block and outcome") {
  scripted s;
  std::vector<wb_token> given;
  s.plugin->deliver_batch = [&](const wb_delivery* const* d, const wb_token* tokens, std::uint64_t n) -> std::uint32_t {
    CHECK(n == 3);
    CHECK(std::string(d[0]->task_id.ptr, d[0]->task_id.size) != std::string(d[1]->task_id.ptr, d[1]->task_id.size));
    given.assign(tokens, tokens + n);
    answer(tokens[0], WB_ACTION_REJECT);
    return WB_OK;
  };
  outcomes got{3};
  CHECK(got.start(*s.instance) == given);
  CHECK(got.times[0] == 1);
  CHECK(got.results[0].action == attempt_action::reject);
  CHECK(s.instance->outstanding() == 2);
  std::thread{[&] {
    answer(given[2]);
    answer(given[1], WB_ACTION_RETRY);
    answer(given[1]);  // a second time: nobody hears it
  }}.join();
  CHECK(got.times[1] == 1);
  CHECK(got.results[1].action == attempt_action::retry);
  CHECK(got.results[2].action == attempt_action::delivered);
  CHECK(s.instance->outstanding() == 0);
}

TEST_CASE("A batch that is refused or thrown back ends every delivery that has not ended") {
  scripted s;
  bool throws = false;
  s.plugin->deliver_batch = [&](const wb_delivery* const*, const wb_token* tokens, std::uint64_t) -> std::uint32_t {
    answer(tokens[1]);
    if (throws) throw std::runtime_error("boom");
    return WB_REFUSED;
  };
  for (const bool by_exception : {false, true}) {
    throws = by_exception;
    outcomes got{3};
    got.start(*s.instance);
    for (std::size_t i = 0; i < 3; ++i) CHECK(got.times[i] == 1);
    CHECK(got.results[0].category == failure_category::system);
    CHECK(got.results[0].detail ==
          (throws ? "the plugin's deliver_batch threw: boom" : "the plugin's deliver_batch refused the call with 2"));
    CHECK(got.results[1].action == attempt_action::delivered);
    CHECK(s.instance->outstanding() == 0);
  }
}

TEST_CASE("What a plugin writes into its array of tokens reaches nobody") {
  scripted s;
  s.plugin->deliver_batch = [](const wb_delivery* const*, const wb_token* tokens, std::uint64_t n) -> std::uint32_t {
    for (std::uint64_t i = 0; i < n; ++i) const_cast<wb_token*>(tokens)[i] = 7;
    return WB_REFUSED;
  };
  outcomes got{2};
  got.start(*s.instance);
  CHECK(got.times[0] == 1);
  CHECK(got.times[1] == 1);
}

TEST_CASE("Deliveries cancelled before their batch's turn are left out of it, and an empty batch is not made") {
  scripted s;
  signal entered, leave;
  s.plugin->deliver = [&](const wb_delivery*, wb_token t) -> std::uint32_t {
    entered.set();
    (void)leave.wait();
    answer(t);
    return WB_OK;
  };
  std::vector<std::vector<wb_token>> batches;
  s.plugin->deliver_batch = [&](const wb_delivery* const*, const wb_token* tokens, std::uint64_t n) -> std::uint32_t {
    batches.emplace_back(tokens, tokens + n);
    for (std::uint64_t i = 0; i < n; ++i) answer(tokens[i]);
    return WB_OK;
  };
  std::thread busy{[&] { s.instance->deliver(make_call(), [](attempt_result) {}); }};
  REQUIRE(entered.wait());
  outcomes some{3};
  outcomes none{2};
  const auto tokens = some.start(*s.instance);
  s.instance->cancel(tokens[0]);
  for (const auto token : none.start(*s.instance)) s.instance->cancel(token);
  leave.set();
  busy.join();
  CHECK(batches == std::vector<std::vector<wb_token>>{{tokens[1], tokens[2]}});
  CHECK(some.times[0] == 0);
  CHECK(some.times[1] == 1);
  CHECK(some.times[2] == 1);
  CHECK(s.instance->outstanding() == 0);
}

TEST_CASE("A blocking batch that hangs costs its thread when nobody waits for any of it, and not before") {
  scripted s{WB_FEATURE_BLOCKING, 1};
  signal entered, leave;
  s.plugin->deliver_batch = [&](const wb_delivery* const*, const wb_token* tokens, std::uint64_t n) -> std::uint32_t {
    answer(tokens[0]);
    entered.set();
    (void)leave.wait();
    for (std::uint64_t i = 1; i < n; ++i) answer(tokens[i]);
    return WB_OK;
  };
  outcomes got{3};
  const auto tokens = got.start(*s.instance);
  REQUIRE(entered.wait());
  s.instance->cancel(tokens[1]);
  CHECK(s.threads->blocking.written_off() == 0);
  s.instance->cancel(tokens[2]);
  CHECK(s.threads->blocking.written_off() == 1);
  leave.set();
  CHECK(eventually([&] { return s.instance->outstanding() == 0; }));
  CHECK(eventually([&] { return s.threads->blocking.written_off() == 0; }));
  CHECK(got.times[0] == 1);
  CHECK(got.times[1] == 0);
}

TEST_CASE("When the pools have stopped a blocking batch is answered, not lost") {
  scripted s{WB_FEATURE_BLOCKING};
  s.threads->stop();
  outcomes got{2};
  got.start(*s.instance);
  CHECK(got.times[0] == 1);
  CHECK(got.results[1].action == attempt_action::retry);
}
