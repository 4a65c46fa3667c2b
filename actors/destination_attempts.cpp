// SPDX-License-Identifier: Apache-2.0
// The part of the destination actor that tries tasks and judges what came of it.
#include <algorithm>
#include <utility>

#include "actors/destination_actor.hpp"

namespace waybill::actors {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::size_t kept_response_times = 256;
// A handler's own timeout comes first: the engine's deadline is for handlers that forget theirs.
constexpr milliseconds timeout_margin{5'000};

core::attempt_result timed_out(const std::string& detail) {
  core::attempt_result result;
  result.action = core::attempt_action::retry;
  result.category = core::failure_category::timeout;
  result.detail = detail;
  result.message = "The destination did not answer in time";
  return result;
}

core::attempt_result too_late() {
  core::attempt_result result;
  result.action = core::attempt_action::reject;
  result.category = core::failure_category::timeout;
  result.detail = "deliverWithinMs had passed before this attempt";
  result.message = "The time set for this delivery has passed";
  return result;
}

}  // namespace

milliseconds destination_state::attempt_timeout() const {
  auto timeout = context_->settings.queue.attempt_timeout;
  const auto& config = settings_->config;
  if (auto own = config.find("timeoutMs"); own != config.end() && own->is_number_unsigned())
    timeout = std::max(timeout, milliseconds{own->get<std::uint32_t>()} + timeout_margin);
  return timeout;
}

void destination_state::pump() {
  const auto now = context_->time.now();
  rate_allows_at_.reset();
  while (may_start(now)) {
    auto task = window_->pop_due(now);
    launch(std::move(*task), now);
  }
  claim_if_wanted(now);
  if (mode_ == mode::draining || mode_ == mode::disabled) return settle();
  arm();
}

bool destination_state::may_start(core::utc_time now) {
  // While a change is being loaded nothing starts with what it replaces, such as a secret that was just deleted.
  if (loading_ || mode_ != mode::running || !handler_ || flights_.size() >= policy_.limits.max_concurrency ||
      !window_->has_due(now))
    return false;
  const auto mono = context_->time.monotonic();
  if (auto wait = bucket_.wait(mono); wait > milliseconds{0}) {
    rate_allows_at_ = mono + wait;
    return false;
  }
  if (!breaker_.try_acquire(now)) return false;
  const bool first = flights_.empty();
  if (!context_->places.acquire(first)) {
    if (!awaiting_place_) {
      awaiting_place_ = true;
      context_->places.await([to = caf::actor_cast<caf::actor>(self_)] { caf::anon_send(to, place_free{}); });
    }
    // A place may have become free between the refusal and the registration: nobody would tell us of that one.
    if (!context_->places.acquire(first)) {
      breaker_.on_abandoned();
      return false;
    }
  }
  static_cast<void>(bucket_.try_take(mono));
  return true;
}

void destination_state::launch(core::queued_task task, core::utc_time now) {
  const auto number = ++last_flight_;
  const auto started = context_->time.monotonic();
  const auto deadline = started + attempt_timeout();
  const bool late = task.state.deliver_by && now >= *task.state.deliver_by;
  flight attempt{std::move(task), now, started, late ? nullptr : handler_, 0};
  if (late) {
    breaker_.on_abandoned();
    context_->places.release();
    return conclude(std::move(attempt), too_late());
  }
  deadlines_.emplace_back(deadline, number);
  auto& entry = flights_.emplace(number, std::move(attempt)).first->second;
  core::delivery_call call{entry.what, entry.what.state.total_attempts + 1, deadline};
  // The answer always comes as a message, even if the plugin completes inside the call.
  entry.token =
      entry.through->deliver(std::move(call), [to = caf::actor_cast<caf::actor>(self_), number](core::attempt_result r) {
        caf::anon_send(to, attempt_done{number, std::move(r)});
      });
}

void destination_state::expire_deadlines() {
  const auto mono = context_->time.monotonic();
  while (!deadlines_.empty()) {
    auto found = flights_.find(deadlines_.front().second);
    if (found != flights_.end()) {
      if (deadlines_.front().first > mono) break;
      found->second.through->cancel(found->second.token);
      flight expired = std::move(found->second);
      flights_.erase(found);
      context_->places.release();
      auto result = timed_out("no outcome from the handler by the engine's deadline");
      judge(result, context_->time.now());
      conclude(std::move(expired), std::move(result));
    }
    deadlines_.pop_front();
  }
}

void destination_state::on_attempt_done(attempt_done& m) {
  auto found = flights_.find(m.flight);
  if (found == flights_.end()) return;  // timed out, cancelled: decided already
  flight done = std::move(found->second);
  flights_.erase(found);
  while (!deadlines_.empty() && flights_.count(deadlines_.front().second) == 0) deadlines_.pop_front();
  context_->places.release();
  last_active_ = context_->time.monotonic();
  const auto took = duration_cast<milliseconds>(last_active_ - done.started);
  response_times_.push_back(took);
  if (response_times_.size() > kept_response_times) response_times_.pop_front();
  judge(m.result, context_->time.now());
  conclude(std::move(done), std::move(m.result));
  pump();
}

void destination_state::judge(const core::attempt_result& result, core::utc_time now) {
  switch (result.action) {
    case core::attempt_action::delivered:
      return breaker_.on_success(now);
    case core::attempt_action::canceled:
      return breaker_.on_abandoned();
    case core::attempt_action::throttled:
      // It is alive and asks for time: no failure of the destination, but nothing more goes there for a while.
      if (result.retry_after) bucket_.hold(context_->time.monotonic() + std::min(*result.retry_after, policy_.retry.max_delay));
      return breaker_.on_abandoned();
    case core::attempt_action::retry:
    case core::attempt_action::reject:
      break;
  }
  // A payload the destination will not have says nothing of the destination.
  if (result.category == core::failure_category::validation) return breaker_.on_abandoned();
  breaker_.on_failure(now);
}

core::attempt_record destination_state::make_record(const flight& done, core::attempt_result&& result, core::utc_time now) {
  core::attempt_record record;
  record.before = done.what.state;
  record.attempts_after = done.what.state.attempts + 1;
  if (result.action == core::attempt_action::delivered) {
    record.after = core::task_status::delivered;
  } else {
    const double jitter = static_cast<double>(jitter_()) / (static_cast<double>(std::minstd_rand::max()) + 1);
    auto next = retries_.after_failure(result, record.attempts_after, now, jitter, done.what.state.deliver_by);
    record.after = next.due_at ? core::task_status::retrying : core::task_status::failed;
    record.due_at = next.due_at;
  }
  const auto& content = *done.what.content;
  record.payload_size = content.content.size();
  record.payload_sha256 = content.sha256;
  record.idempotency_key = content.idempotency_key;
  record.correlation_id = content.correlation_id;
  record.made.id = core::attempt_id::make();
  record.made.task = done.what.state.id;
  record.made.number = done.what.state.total_attempts + 1;
  record.made.started_at = done.started_at;
  record.made.duration = duration_cast<milliseconds>(context_->time.monotonic() - done.started);
  record.made.result = std::move(result);
  record.progress = {breaker_.consecutive_failures(), breaker_.state(), breaker_.opened_at(), breaker_.next_attempt_at(),
                     breaker_.openings()};
  return record;
}

void destination_state::conclude(flight done, core::attempt_result result) {
  const auto now = context_->time.now();
  context_->figures.attempt(settings_->type, result.action, result.category,
                            duration_cast<milliseconds>(context_->time.monotonic() - done.started));
  const bool gone = result.disable_destination;
  auto record = make_record(done, std::move(result), now);
  store_outcome(std::move(record), std::move(done.what));
  const auto failures = breaker_.consecutive_failures();
  if (gone)
    disable("the destination answered that it is gone for good");
  else if (failures >= policy_.disable_threshold)
    disable(std::to_string(failures) + " failures in a row");
}

void destination_state::store_outcome(core::attempt_record record, core::queued_task what) {
  const auto id = what.state.id;
  auto next = what;
  next.state.attempts = record.attempts_after;
  next.state.total_attempts += 1;
  next.state.status = record.after;
  if (record.due_at) next.state.due_at = *record.due_at;
  outcomes_.emplace(id, pending_outcome{std::move(next), record.after});
  context_->writer->record(std::move(record), [context = context_, id, to = caf::actor_cast<caf::actor>(self_)](
                                                  core::result<core::record_result> done) {
    // Only a stopping writer fails a record: the task then stays as it is in the store and is tried again.
    context->relay.add_stored(to, {id, done ? *done : core::record_result::fenced});
  });
}

void destination_state::on_outcomes_stored(outcomes_stored& m) {
  const auto now = context_->time.now();
  for (const auto& stored : m.outcomes) {
    auto found = outcomes_.find(stored.task);
    if (found == outcomes_.end()) continue;
    auto outcome = std::move(found->second);
    outcomes_.erase(found);
    const auto size = outcome.what.content->content.size();
    if (stored.result == core::record_result::fenced) {
      window_->forget(stored.task, size);
      continue;
    }
    if (core::is_final(outcome.after)) {
      window_->forget(stored.task, size);
      context_->waiting.fetch_sub(1, std::memory_order_relaxed);
      context_->figures.task_finished(settings_->type, outcome.after, now - outcome.what.state.created_at);
    } else if (mode_ == mode::running) {
      window_->reschedule(std::move(outcome.what), now);
    } else {
      window_->forget(stored.task, size);
      window_->expect_more();
    }
  }
  pump();
}

}  // namespace waybill::actors
