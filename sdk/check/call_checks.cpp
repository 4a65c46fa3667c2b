// SPDX-License-Identifier: Apache-2.0
// One handler and its calls: every token is answered once, in time, and whatever happens meanwhile.
#include <string>

#include <fmt/format.h>

#include "sdk/check/check_run.hpp"

namespace waybill::sdk::check {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t streamed_bytes = std::size_t{1024} * 1024;
constexpr const char* complete_advice =
    "every token that was accepted is completed exactly once, whatever happens: see plugin.h, complete";

/// Waits for a call and judges its outcome by whether there is a peer that should take it.
void judge(check_run& run, const pending_call_ptr& call, const char* what) {
  const auto limit = run.settings().patience + run.settings().grace;
  if (!run.subject().wait(call, limit))
    return run.failed(fmt::format("{} was not completed within {} ms", what, limit.count()), complete_advice);
  const auto& outcome = call->result();
  const bool is_good = outcome.action == core::attempt_action::delivered;
  if (!is_good && run.settings().has_target)
    return run.failed(fmt::format("{} should have succeeded: {}", what, in_words(outcome)),
                      "is the target up, and does the configuration lead to it?");
  if (!is_good && outcome.detail.empty())
    return run.failed(fmt::format("{} failed and `detail` does not say why", what), "an operator has nothing else to go by");
  run.passed(fmt::format("{} was completed: {}", what, in_words(outcome)));
}

}  // namespace

void check_open(check_run& run) {
  std::string why;
  auto first = run.subject().open(why);
  if (!first.instance)
    return run.failed(why, "open takes every configuration that validate accepts, without touching the network");
  auto second = run.subject().open(why);
  if (!second.instance)
    return run.failed("a second handler could not be opened: " + why, "there is one handler per destination: many at once");
  const auto instance = first.instance;
  first.drop();
  if (!instance->is_closed()) return run.failed("a handler without work was not closed at once", complete_advice);
  run.passed("two handlers opened at once, and closed");
}

void check_connection_test(check_run& run) {
  std::string why;
  const auto handler = run.subject().open(why);
  if (!handler.instance) return run.failed(why, "");
  judge(run, run.subject().test_connection(handler, run.settings().patience), "the connection test");
}

void check_deliver(check_run& run) {
  std::string why;
  const auto handler = run.subject().open(why);
  if (!handler.instance) return run.failed(why, "");
  judge(run, run.subject().deliver(handler, run.settings().patience), "a delivery");
  judge(run, run.subject().deliver(handler, run.settings().patience, ""), "a delivery without content");
}

void check_streaming(check_run& run) {
  if (!run.subject().has(WB_FEATURE_STREAMING)) return run.skipped("the plugin does not set WB_FEATURE_STREAMING");
  std::string why;
  const auto handler = run.subject().open(why, recording_services::guard::open, core::content_access::through_read);
  if (!handler.instance) return run.failed(why, "");
  std::string content = "\"" + std::string(streamed_bytes, 'w') + "\"";
  judge(run, run.subject().deliver(handler, run.settings().patience, std::move(content)), "a delivery of 1 MiB through read");
}

void check_guard(check_run& run) {
  std::string why;
  const auto open_gate = run.subject().open(why);
  if (!open_gate.instance) return run.failed(why, "");
  const auto limit = run.settings().patience + run.settings().grace;
  (void)run.subject().wait(run.subject().deliver(open_gate, run.settings().patience), limit);
  (void)run.subject().wait(run.subject().test_connection(open_gate, run.settings().patience), limit);
  if (open_gate.services->times_asked() == 0)
    return run.skipped("the network guard was never asked: right only for a plugin that makes no connections");
  const auto closed_gate = run.subject().open(why, recording_services::guard::closed);
  if (!closed_gate.instance) return run.failed(why, "");
  const auto call = run.subject().deliver(closed_gate, run.settings().patience);
  if (!run.subject().wait(call, limit))
    return run.failed("a delivery the network guard refuses was not completed", complete_advice);
  if (call->result().action == core::attempt_action::delivered)
    return run.failed("a delivery went out although the network guard refused the connection",
                      "ask connect_allowed with the resolved address of every connection, right before it is made");
  run.passed("no delivery leaves when the network guard refuses: " + in_words(call->result()));
}

void check_deadline(check_run& run) {
  std::string why;
  const auto handler = run.subject().open(why);
  if (!handler.instance) return run.failed(why, "");
  for (const auto within : {milliseconds{20}, milliseconds{-1'000}}) {
    const auto limit = std::max(within, milliseconds{0}) + run.settings().grace;
    const auto call = run.subject().deliver(handler, within);
    if (run.subject().wait(call, limit)) continue;
    run.failed(fmt::format("a delivery with a deadline {} ms away was not completed {} ms after it", within.count(),
                           run.settings().grace.count()),
               "stop at deadline_ms (on the clock of monotonic_ms) and complete with retry/timeout");
    handler.instance->cancel(call->token);
    return;
  }
  run.passed("deadlines near and past are kept");
}

void check_cancel(check_run& run) {
  std::string why;
  const auto handler = run.subject().open(why);
  if (!handler.instance) return run.failed(why, "");
  const auto call = run.subject().deliver(handler, run.settings().patience);
  handler.instance->cancel(call->token);
  const auto ended = [&] { return handler.instance->outstanding() == 0; };
  if (!wait_until(ended, run.settings().patience + run.settings().grace))
    return run.failed("a cancelled delivery was not completed",
                      "cancel ends no obligation: complete the token, with WB_ACTION_CANCELED for instance");
  handler.instance->cancel_at_plugin(call->token);  // a race makes cancel come after the completion
  const auto next = run.subject().deliver(handler, run.settings().patience);
  if (!run.subject().wait(next, run.settings().patience + run.settings().grace))
    return run.failed("after a cancel the next delivery was not completed", complete_advice);
  run.passed("a cancelled delivery was completed, and so was the one after it");
}

}  // namespace waybill::sdk::check
