// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/handler_instance.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "core/plugin_host/foreign_text.hpp"
#include "core/plugin_host/host_counters.hpp"
#include "core/plugin_host/result_reader.hpp"

namespace waybill::core {
namespace {

constexpr std::size_t max_fault_bytes = 512;

/// Calls into a plugin. An exception that crosses the line is the plugin's fault and ends there, whatever its type.
template <class Call>
bool guarded(std::string& fault, Call&& call) {
  try {
    call();
    return true;
  } catch (const std::exception& e) {
    fault = clean_text(std::string_view{e.what()}, max_fault_bytes);
  } catch (...) {
    fault = "an exception that is not a std::exception";
  }
  count(counters().plugin_faults);
  return false;
}

}  // namespace

handler_instance::handler_instance(const wb_plugin& slots, identity who, std::shared_ptr<handler_services> services,
                                   std::shared_ptr<host_threads> threads, content_access access)
    : slots_(slots),
      who_(std::move(who)),
      destination_text_(who_.destination.to_string()),
      services_(std::move(services)),
      threads_(std::move(threads)),
      access_(access) {}

handler::token handler_instance::deliver(delivery_call call, handler::completion done) {
  if (must_load(call)) return deliver_loaded(std::move(call), std::move(done));
  hook next;
  next.what = hook::kind::deliver;
  next.deadline_ms = to_monotonic_ms(call.deadline);
  next.block = delivery_block::make(call.what, call.attempt, next.deadline_ms, destination_text_, access_, services_);
  return begin(std::move(next), std::move(done));
}

std::vector<handler::token> handler_instance::deliver_batch(std::vector<delivery_call> calls,
                                                            std::vector<handler::completion> done) {
  if (std::any_of(calls.begin(), calls.end(), [this](const auto& call) { return must_load(call); }))
    return deliver_singly(std::move(calls), std::move(done));
  hook next;
  next.what = hook::kind::deliver_batch;
  outstanding_.fetch_add(calls.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto deadline_ms = to_monotonic_ms(calls[i].deadline);
    next.deadline_ms = std::max(next.deadline_ms, deadline_ms);
    next.blocks.push_back(
        delivery_block::make(calls[i].what, calls[i].attempt, deadline_ms, destination_text_, access_, services_));
    next.tokens.push_back(token_table::of_process().add(shared_from_this(), std::move(done[i])));
  }
  next.which = next.tokens.front();
  auto tokens = next.tokens;
  submit(std::move(next));
  return tokens;
}

/// What a plugin cannot stream it gets in memory, as far as the engine holds that much.
bool handler_instance::must_load(const delivery_call& call) const {
  return !call.what.content->in_memory() && (slots_.features & WB_FEATURE_STREAMING) == 0;
}

handler::token handler_instance::deliver_loaded(delivery_call call, handler::completion done) {
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  const auto token = token_table::of_process().add(shared_from_this(), std::move(done));
  auto held = std::make_shared<delivery_call>(std::move(call));
  if (!threads_->blocking.post([self = shared_from_this(), held, token] { self->load_and_submit(*held, token); }))
    refused(token, "the engine is stopping");
  return token;
}

void handler_instance::load_and_submit(delivery_call& call, handler::token which) {
  auto content = services_->load_payload(*call.what.content);
  if (!content) {
    auto outcome = system_failure(content.error().message);
    if (content.error().code == error_code::payload_too_large) {
      outcome.action = attempt_action::reject;
      outcome.category = failure_category::configuration;
      outcome.message = "The content is too large for this destination.";
    }
    if (auto ended = token_table::of_process().take(which)) finish(std::move(*ended), std::move(outcome));
    return;
  }
  auto loaded = std::make_shared<delivery>(*call.what.content);
  loaded->content = *std::move(content);
  loaded->payload = {};
  call.what.content = std::move(loaded);
  hook next;
  next.what = hook::kind::deliver;
  next.deadline_ms = to_monotonic_ms(call.deadline);
  next.block = delivery_block::make(call.what, call.attempt, next.deadline_ms, destination_text_, access_, services_);
  next.which = which;
  submit(std::move(next));
}

std::vector<handler::token> handler_instance::deliver_singly(std::vector<delivery_call> calls,
                                                             std::vector<handler::completion> done) {
  std::vector<handler::token> tokens;
  tokens.reserve(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) tokens.push_back(deliver(std::move(calls[i]), std::move(done[i])));
  return tokens;
}

handler::token handler_instance::test_connection(mono_time deadline, handler::completion done) {
  hook next;
  next.what = hook::kind::test_connection;
  next.deadline_ms = to_monotonic_ms(deadline);
  return begin(std::move(next), std::move(done));
}

handler::token handler_instance::begin(hook next, handler::completion done) {
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  const auto token = token_table::of_process().add(shared_from_this(), std::move(done));
  next.which = token;
  submit(std::move(next));
  return token;
}

void handler_instance::cancel(handler::token which) {
  switch (token_table::of_process().cancel(which, this)) {
    case token_table::cancelled::unknown:
      return;
    case token_table::cancelled::before_start:
      call_ended();
      return;
    case token_table::cancelled::under_way:
      break;
  }
  cancel_at_plugin(which);
  if (const auto stuck = stuck_without(which); stuck.thread != 0) threads_->blocking.write_off(stuck);
}

/// The run on a pool that nobody waits for any more now that this token is cancelled; thread 0 if there is none.
blocking_pool::run_id handler_instance::stuck_without(handler::token cancelled) {
  std::lock_guard hold{lock_};
  if (std::find(running_.begin(), running_.end(), cancelled) == running_.end()) return {};
  const auto is_awaited = [](handler::token t) { return token_table::of_process().is_awaited(t); };
  return std::any_of(running_.begin(), running_.end(), is_awaited) ? blocking_pool::run_id{} : running_on_;
}

void handler_instance::cancel_at_plugin(handler::token which) {
  std::string fault;
  if (slots_.cancel != nullptr) (void)guarded(fault, [&] { slots_.cancel(handler_, which); });
}

void handler_instance::drain(mono_time deadline, std::function<void()> done) {
  hook next;
  next.what = hook::kind::drain;
  next.deadline_ms = to_monotonic_ms(deadline);
  next.done = std::move(done);
  submit(std::move(next));
}

void handler_instance::close_when_done() {
  const bool has_work = outstanding() > 0;
  bool is_ours = false;
  std::int64_t deadline_ms = 0;
  {
    std::lock_guard hold{lock_};
    is_abandoned_ = true;
    deadline_ms = last_deadline_ms_;
    is_ours = claim_close();
  }
  if (is_ours) return close();
  if (!has_work || slots_.drain == nullptr) return;
  hook last;
  last.what = hook::kind::drain;
  last.deadline_ms = deadline_ms;
  submit(std::move(last));
}

bool handler_instance::wants_pool(const hook& h) const {
  return h.what == hook::kind::drain || (slots_.features & WB_FEATURE_BLOCKING) != 0;
}

void handler_instance::submit(hook next) {
  std::unique_lock hold{lock_};
  last_deadline_ms_ = std::max(last_deadline_ms_, next.deadline_ms);
  const bool was_busy = std::exchange(is_busy_, true);
  if (!was_busy && !wants_pool(next)) {
    hold.unlock();
    run(next);
    return pump();
  }
  waiting_.push_back(std::move(next));
  hold.unlock();
  if (!was_busy) pump();
}

/// The caller holds the right of (1) and gives it up, or passes it on to a pool.
void handler_instance::pump() {
  for (;;) {
    bool is_ours = false;
    hook next;
    {
      std::lock_guard hold{lock_};
      if (waiting_.empty()) {
        is_busy_ = false;
        is_ours = claim_close();
        if (!is_ours) return;
      } else if (!wants_pool(waiting_.front())) {
        next = pop_front();
      }
    }
    if (is_ours) return close();
    if (next.which != 0) {
      run(next);
    } else if (post_front()) {
      return;
    }
  }
}

/// The front hook cannot be taken away meanwhile: only the holder of the right does that.
bool handler_instance::post_front() {
  auto& pool = waiting_front_is_drain() ? threads_->hooks : threads_->blocking;
  if (pool.post([self = shared_from_this()] { self->run_front_on_pool(); })) return true;
  std::unique_lock hold{lock_};
  auto dropped = pop_front();
  hold.unlock();
  drop(dropped);
  return false;
}

void handler_instance::run_front_on_pool() {
  hook next;
  {
    std::lock_guard hold{lock_};
    next = pop_front();
    if (next.what == hook::kind::deliver_batch)
      running_ = next.tokens;
    else if (next.which != 0)
      running_.assign(1, next.which);
    running_on_ = blocking_pool::current();
  }
  run(next);
  {
    std::lock_guard hold{lock_};
    running_.clear();
  }
  pump();
}

bool handler_instance::waiting_front_is_drain() {
  std::lock_guard hold{lock_};
  return waiting_.front().what == hook::kind::drain;
}

handler_instance::hook handler_instance::pop_front() {
  auto front = std::move(waiting_.front());
  waiting_.pop_front();
  return front;
}

void handler_instance::run(hook& h) {
  if (h.what == hook::kind::drain) return run_drain(h);
  if (h.what == hook::kind::deliver_batch) return run_batch(h);
  run_attempt(h);
}

void handler_instance::run_attempt(hook& h) {
  if (!token_table::of_process().start(h.which)) return;  // cancelled while it waited
  std::string fault;
  const auto status = call_plugin(h, fault);
  h.block.reset();
  if (status == WB_OK) return;
  if (fault.empty()) count(counters().plugin_faults);  // an exception is counted where it was caught
  const auto* slot = h.what == hook::kind::deliver ? "deliver" : "test_connection";
  refused(h.which, fault.empty() ? fmt::format("the plugin's {} refused the call with {}", slot, status)
                                 : fmt::format("the plugin's {} threw: {}", slot, fault));
}

void handler_instance::run_batch(hook& h) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < h.tokens.size(); ++i) {
    if (!token_table::of_process().start(h.tokens[i])) continue;  // cancelled while it waited
    h.tokens[kept] = h.tokens[i];
    std::swap(h.blocks[kept], h.blocks[i]);
    ++kept;
  }
  h.tokens.resize(kept);
  h.blocks.resize(kept);
  if (kept == 0) return;
  std::string fault;
  const auto status = call_plugin_batch(h, fault);
  h.blocks.clear();
  if (status == WB_OK) return;
  if (fault.empty()) count(counters().plugin_faults);
  const auto detail = fault.empty() ? fmt::format("the plugin's deliver_batch refused the call with {}", status)
                                    : fmt::format("the plugin's deliver_batch threw: {}", fault);
  for (const auto token : h.tokens) refused(token, detail);
}

std::uint32_t handler_instance::call_plugin_batch(const hook& h, std::string& fault) const {
  std::vector<const wb_delivery*> views;
  views.reserve(h.blocks.size());
  for (const auto& block : h.blocks) views.push_back(block.get());
  // Copies of the host's own: a plugin that writes where it must not reaches nothing that is used afterwards.
  auto tokens = h.tokens;
  std::uint32_t status = 0;
  (void)guarded(fault, [&] { status = slots_.deliver_batch(handler_, views.data(), tokens.data(), tokens.size()); });
  return fault.empty() ? status : static_cast<std::uint32_t>(WB_FAILED);
}

/// Anything but WB_OK: the plugin did not take the call.
std::uint32_t handler_instance::call_plugin(const hook& h, std::string& fault) const {
  std::uint32_t status = 0;
  (void)guarded(fault, [&] {
    status = h.what == hook::kind::deliver ? slots_.deliver(handler_, h.block.get(), h.which)
                                           : slots_.test_connection(handler_, h.which, h.deadline_ms);
  });
  return fault.empty() ? status : static_cast<std::uint32_t>(WB_FAILED);
}

void handler_instance::run_drain(hook& h) {
  std::string fault;
  if (slots_.drain != nullptr) (void)guarded(fault, [&] { slots_.drain(handler_, h.deadline_ms); });
  if (h.done) h.done();
}

/// The pools have stopped.
void handler_instance::drop(hook& h) {
  if (h.done) h.done();
  if (h.which == 0) return;
  auto tokens = h.what == hook::kind::deliver_batch ? h.tokens : std::vector<handler::token>{h.which};
  for (const auto token : tokens)
    if (auto call = token_table::of_process().take(token)) finish(std::move(*call), system_failure("the engine is stopping"));
}

void handler_instance::refused(handler::token which, std::string detail) {
  auto call = token_table::of_process().take(which);
  if (call) finish(std::move(*call), system_failure(std::move(detail)));  // else it completed the call before refusing it
}

void handler_instance::complete(handler::token which, const wb_result* foreign) {
  auto call = token_table::of_process().take(which);
  if (!call) return count(counters().unknown_completions);
  if (call->is_cancelled) {
    count(counters().late_completions);
    return finish(std::move(*call), {});
  }
  count(counters().completions);
  auto outcome = read_result(foreign);
  if (outcome.is_fault) count(counters().plugin_faults);
  finish(std::move(*call), std::move(outcome.result));
}

void handler_instance::finish(token_table::call ended, attempt_result outcome) {
  if (ended.done) ended.done(std::move(outcome));
  ended.done = nullptr;
  ended.owner->call_ended();
}

void handler_instance::call_ended() {
  if (outstanding_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  std::unique_lock hold{lock_};
  if (!claim_close()) return;
  hold.unlock();
  // On a pool, by (4). When the pools have stopped the process is ending and the handler is left as it is.
  (void)threads_->hooks.post([self = shared_from_this()] { self->close(); });
}

/// With the lock held. True once, for the one who must close.
bool handler_instance::claim_close() {
  if (!is_abandoned_ || is_closing_ || is_busy_ || !waiting_.empty() || outstanding() > 0) return false;
  is_closing_ = true;
  return true;
}

void handler_instance::close() {
  std::string fault;
  if (handler_ != nullptr) (void)guarded(fault, [&] { slots_.close(handler_); });
  is_closed_.store(true, std::memory_order_release);
}

}  // namespace waybill::core
