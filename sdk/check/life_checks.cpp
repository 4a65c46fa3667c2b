// SPDX-License-Identifier: Apache-2.0
// Many handlers, many calls, and the end of both: nothing is left behind.
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sdk/check/check_run.hpp"

namespace waybill::sdk::check {
namespace {

using clock = std::chrono::steady_clock;

constexpr int handlers_at_once = 4;
constexpr int calls_to_drain = 4;
constexpr int leak_cycles = 20;
/// What a reactor, a pool or a library may have and keep from its first use on.
constexpr int warm_up_cycles = 3;

std::size_t entries_of(const char* folder) {
  std::error_code ec;
  std::size_t n = 0;
  for (std::filesystem::directory_iterator at{folder, ec}, end; !ec && at != end; at.increment(ec)) ++n;
  return n;
}

struct footprint {
  std::size_t threads = entries_of("/proc/self/task");
  std::size_t files = entries_of("/proc/self/fd");
};

/// Opens, delivers once, closes. False if the handler was not closed in time.
bool live_once(check_run& run) {
  std::string why;
  auto handler = run.subject().open(why);
  if (!handler.instance) return false;
  const auto limit = run.settings().patience + run.settings().grace;
  const auto is_answered = run.subject().wait(run.subject().deliver(handler, run.settings().patience), limit);
  const auto instance = handler.instance;
  handler.drop();
  return is_answered && wait_until([&] { return instance->is_closed(); }, limit);
}

}  // namespace

void check_threads(check_run& run) {
  std::vector<opened_handler> handlers;
  handlers.reserve(handlers_at_once);
  std::string why;
  for (int i = 0; i < handlers_at_once; ++i) handlers.push_back(run.subject().open(why));
  for (const auto& handler : handlers)
    if (!handler.instance) return run.failed(why, "there is one handler per destination: many at once");
  std::vector<std::vector<pending_call_ptr>> calls(handlers.size());
  std::vector<std::thread> threads;
  const auto each = std::max<std::size_t>(1, run.settings().deliveries / handlers.size());
  for (std::size_t i = 0; i < handlers.size(); ++i)
    threads.emplace_back([&, i] {
      for (std::size_t n = 0; n < each; ++n) calls[i].push_back(run.subject().deliver(handlers[i], run.settings().patience));
    });
  for (auto& thread : threads) thread.join();
  const auto end = clock::now() + run.settings().patience + run.settings().grace;
  std::size_t unanswered = 0;
  std::size_t failures = 0;
  for (const auto& of_handler : calls)
    for (const auto& call : of_handler) {
      const auto left =
          std::max(std::chrono::milliseconds{0}, std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now()));
      if (!run.subject().wait(call, left))
        ++unanswered;
      else if (call->result().action != core::attempt_action::delivered)
        ++failures;
    }
  const auto total = each * handlers.size();
  if (unanswered > 0)
    return run.failed(
        fmt::format("{} of {} deliveries, made from {} threads, were not completed", unanswered, total, threads.size()),
        "guard what handlers share; complete every token once");
  if (failures > 0 && run.settings().has_target)
    return run.failed(fmt::format("{} of {} deliveries at once did not succeed", failures, total),
                      "does the target take that many at once?");
  run.passed(
      fmt::format("{} deliveries to {} handlers from {} threads, each completed once", total, handlers.size(), threads.size()));
}

void check_drain(check_run& run) {
  std::string why;
  const auto handler = run.subject().open(why);
  if (!handler.instance) return run.failed(why, "");
  std::vector<pending_call_ptr> calls;
  calls.reserve(calls_to_drain);
  for (int i = 0; i < calls_to_drain; ++i) calls.push_back(run.subject().deliver(handler, run.settings().patience));
  const auto returned = std::make_shared<std::atomic<bool>>(false);
  handler.instance->drain(core::mono_time::clock::now() + run.settings().patience, [returned] { *returned = true; });
  const auto limit = run.settings().patience * 2 + run.settings().grace;
  if (!wait_until([&] { return returned->load(); }, limit))
    return run.failed("drain did not return by its deadline",
                      "finish or give up what is under way by deadline_ms, then return");
  for (const auto& call : calls)
    if (!run.subject().wait(call, run.settings().patience + run.settings().grace))
      return run.failed("a delivery was not completed after drain", "drain ends no obligation: complete what is under way");
  run.passed("drain returned in time and every delivery was completed");
}

void check_close(check_run& run) {
  std::string why;
  auto handler = run.subject().open(why);
  if (!handler.instance) return run.failed(why, "");
  const auto call = run.subject().deliver(handler, run.settings().patience);
  const auto instance = handler.instance;
  handler.drop();
  const auto limit = run.settings().patience * 2 + run.settings().grace;
  if (!run.subject().wait(call, limit))
    return run.failed("the delivery under way while its destination went was not completed", "complete every accepted token");
  if (!wait_until([&] { return instance->is_closed(); }, limit))
    return run.failed("the handler could not be closed after its last delivery", "return from drain by its deadline");
  run.passed("a handler that is dropped while it works ends its delivery and is closed once");
}

void check_leaks(check_run& run) {
  for (int i = 0; i < warm_up_cycles; ++i)
    if (!live_once(run)) return run.failed("a handler was not answered or closed in time", "");
  const auto settled = [&] { return core::delivery_block::alive() <= run.alive_before(); };
  if (!wait_until(settled, run.settings().grace))
    return run.failed(fmt::format("{} deliveries are still retained after every handler was closed",
                                  core::delivery_block::alive() - run.alive_before()),
                      "release what you retain, at the latest in close");
  const footprint before;
  for (int i = 0; i < leak_cycles; ++i)
    if (!live_once(run)) return run.failed("a handler was not answered or closed in time", "");
  // Threads and sockets may take a moment to go; what grows with every handler stays.
  const auto grown = [&] {
    const footprint now;
    return now.threads >= before.threads + leak_cycles / 2 || now.files >= before.files + leak_cycles / 2;
  };
  if (wait_until([&] { return !grown(); }, run.settings().grace))
    return run.passed(fmt::format("{} handlers opened, used and closed leave no delivery, thread or file behind", leak_cycles));
  const footprint now;
  run.failed(fmt::format("{} handlers came and went: threads {} -> {}, open files {} -> {}", leak_cycles, before.threads,
                         now.threads, before.files, now.files),
             "give back in close what open or deliver took; threads belong to the plugin, not to a handler");
}

void check_secrets(check_run& run) {
  const auto& secrets = run.subject().secrets();
  if (secrets.empty()) return run.skipped("the configuration has no secret of 6 bytes or more");
  const auto places = run.subject().places_of_secrets();
  if (places.empty())
    return run.passed(fmt::format("none of {} secrets was seen in a result, a record, a fault or the log", secrets.size()));
  run.failed(fmt::format("a secret was seen in: {}", fmt::join(places, " | ")),
             "redact secrets in every text, record and log line, also those a peer echoes");
}

}  // namespace waybill::sdk::check
