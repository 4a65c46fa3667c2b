// SPDX-License-Identifier: Apache-2.0
// Several deliveries in one call: every token is answered once, whatever becomes of the others.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sdk/check/check_run.hpp"

namespace waybill::sdk::check {
namespace {

using std::chrono::milliseconds;
using calls = std::vector<pending_call_ptr>;

constexpr std::size_t most_in_a_batch = 1'000;
constexpr const char* advice =
    "every token of deliver_batch is completed exactly once, each with the outcome of its own delivery: see plugin.h";

std::vector<std::string> contents(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(i == 1 ? std::string{} : fmt::format(R"({{"number":{}}})", i));
  return out;
}

/// How many were not completed in time, all waited for together.
std::size_t missing(check_run& run, const calls& batch) {
  const auto end = std::chrono::steady_clock::now() + run.settings().patience + run.settings().grace;
  return static_cast<std::size_t>(std::count_if(batch.begin(), batch.end(), [&](const auto& call) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    return !run.subject().wait(call, std::max(left, milliseconds{0}));
  }));
}

bool are_answered(check_run& run, const opened_handler& handler, std::size_t count) {
  const auto batch = run.subject().deliver_batch(handler, run.settings().patience, contents(count));
  if (const auto n = missing(run, batch); n > 0) {
    run.failed(fmt::format("{} deliveries of a batch of {} were not completed", n, count), advice);
    for (const auto& call : batch) handler.instance->cancel(call->token);
    return false;
  }
  for (const auto& call : batch) {
    if (call->result().action == core::attempt_action::delivered) continue;
    if (run.settings().has_target) {
      run.failed(fmt::format("a delivery in a batch of {} should have succeeded: {}", count, in_words(call->result())),
                 "is the target up, and does it take batches?");
      return false;
    }
    if (!call->result().detail.empty()) continue;
    run.failed("a delivery of a batch failed and `detail` does not say why", "an operator has nothing else to go by");
    return false;
  }
  return true;
}

bool outlives_cancel(check_run& run, const opened_handler& handler) {
  const auto batch = run.subject().deliver_batch(handler, run.settings().patience, contents(3));
  handler.instance->cancel(batch[1]->token);
  if (missing(run, {batch[0], batch[2]}) > 0) {
    run.failed("after one delivery of a batch was cancelled the others were not completed",
               "cancel concerns one token: the others of its batch still matter");
    return false;
  }
  const auto ended = [&] { return handler.instance->outstanding() == 0; };
  if (wait_until(ended, run.settings().patience + run.settings().grace)) return true;
  run.failed("a cancelled delivery of a batch was not completed", "cancel ends no obligation");
  return false;
}

bool keeps_deadline(check_run& run, const opened_handler& handler) {
  const auto batch = run.subject().deliver_batch(handler, milliseconds{-1'000}, contents(2));
  if (missing(run, batch) == 0) return true;
  run.failed("a batch with a deadline in the past was not completed", "stop at deadline_ms and complete with retry/timeout");
  for (const auto& call : batch) handler.instance->cancel(call->token);
  return false;
}

}  // namespace

void check_batch(check_run& run) {
  if (!run.subject().has(WB_FEATURE_BATCH)) return run.skipped("the plugin does not set WB_FEATURE_BATCH");
  std::string why;
  const auto handler = run.subject().open(why);
  if (!handler.instance) return run.failed(why, "");
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}, most_in_a_batch})
    if (!are_answered(run, handler, count)) return;
  if (!outlives_cancel(run, handler) || !keeps_deadline(run, handler)) return;
  run.passed("batches of 1, 3 and 1000 were completed, one outcome per delivery, also around a cancel");
}

}  // namespace waybill::sdk::check
