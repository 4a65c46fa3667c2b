// SPDX-License-Identifier: Apache-2.0
// The part of the destination actor that tries tasks and judges what came of it.
#include <algorithm>
#include <utility>

#include "actors/destination_actor.hpp"
#include "core/links/link_token.hpp"
#include "core/model/payload.hpp"

namespace waybill::actors {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr int most_starts = 64;  // in one go: about a millisecond
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

}  // namespace

/// No attempt is started after its time: the store makes a dead letter of it, and tells us if it is asked for before that.
void destination_state::let_expire(const core::queued_task& late) {
  window_->forget(late.state.id, late.content->content.size());
}

milliseconds destination_state::attempt_timeout() const {
  const auto timeout = context_->settings.queue.attempt_timeout;
  return settings_->timeout ? std::max(timeout, *settings_->timeout + timeout_margin) : timeout;
}

void destination_state::pump() {
  const auto now = context_->time.now();
  rate_allows_at_.reset();
  if (policy_.batch.is_on()) {
    start_batches(now);
  } else {
    // A destination with thousands of places must not keep a scheduler thread to itself until all are taken.
    auto turns = most_starts;
    for (; turns > 0 && may_start(now); --turns) launch(*window_->pop_due(now), now);
    if (turns == 0) self_->send(self_, go_on{});
  }
  claim_if_wanted(now);
  note_standing();
  if (mode_ == mode::draining || mode_ == mode::disabled) return settle();
  arm();
}

bool destination_state::may_try() const {
  // While a change is being loaded nothing starts with what it replaces, such as a secret that was just deleted.
  return !loading_ && mode_ == mode::running && handler_;
}

bool destination_state::may_start(core::utc_time now) { return may_try() && window_->has_due(now) && acquire_call(now); }

/// One of everything a call takes: of the rate, of the breaker, of the node's places. False, and nothing taken, if one is
/// not to be had now.
bool destination_state::acquire_call(core::utc_time now) {
  const auto mono = context_->time.monotonic();
  const auto wait = pace_.wait(calls_, mono);
  if (!wait || *wait > milliseconds{0}) {
    if (wait) rate_allows_at_ = mono + *wait;
    return false;
  }
  if (!breaker_.try_acquire(now)) return false;
  if (granted_place_) {
    granted_place_->take();
    granted_place_.reset();
  } else if (!context_->places.acquire(*share_, calls_ == 0)) {
    breaker_.on_abandoned();
    await_place();
    return false;
  }
  pace_.take(mono);
  ++calls_;
  return true;
}

void destination_state::await_place() {
  if (awaiting_place_) return;
  awaiting_place_ = true;
  context_->places.await(share_, [to = caf::actor_cast<caf::actor>(self_)](std::shared_ptr<core::place> got) {
    caf::anon_send(to, place_free{std::move(got)});
  });
}

void destination_state::on_place_free(place_free& m) {
  awaiting_place_ = false;
  granted_place_ = std::move(m.got);
  pump();
  granted_place_.reset();  // what nothing could be started with goes to the next
}

void destination_state::give_place_back() {
  --calls_;
  context_->places.release(*share_);
}

/// Of a retry, how late it starts. What was parked is late from the moment on when it might have gone.
void destination_state::note_lag(const core::task& what, core::utc_time now) {
  if (what.status != core::task_status::retrying) return;
  const auto late_by = std::max(now - std::max(what.due_at, unparked_at_), milliseconds{0});
  context_->lag.started(what.organization, late_by, context_->time.monotonic());
  context_->figures.retry_started(late_by);
}

void destination_state::launch(core::queued_task task, core::utc_time now) {
  const auto number = ++last_flight_;
  const auto started = context_->time.monotonic();
  if (task.state.deliver_by && now >= *task.state.deliver_by) {
    breaker_.on_abandoned();
    give_place_back();
    return let_expire(task);
  }
  note_lag(task.state, now);
  flight attempt{std::move(task), now, started, handler_, 0, 0, {}};
  const auto deadline = set_deadlines(attempt, number);
  auto& entry = flights_.emplace(number, std::move(attempt)).first->second;
  core::delivery_call call{entry.what, entry.what.state.total_attempts + 1, deadline};
  // The answer always comes as a message, even if the plugin completes inside the call.
  entry.token =
      entry.through->deliver(std::move(call), [to = caf::actor_cast<caf::actor>(self_), number](core::attempt_result r) {
        caf::anon_send(to, attempt_done{number, std::move(r)});
      });
}

/// When the attempt must be over: by the attempt's own limit, or when the time set for its delivery is.
core::mono_time destination_state::set_deadlines(flight& attempt, std::uint64_t number) {
  const auto limit = attempt.started + attempt_timeout() + core::transfer_allowance(*attempt.what.content);
  deadlines_.add(limit, number);
  const auto& deliver_by = attempt.what.state.deliver_by;
  if (!deliver_by || attempt.started + (*deliver_by - attempt.started_at) >= limit) return limit;
  attempt.cut_off = attempt.started + (*deliver_by - attempt.started_at);
  cut_offs_.emplace(*attempt.cut_off, number);
  return *attempt.cut_off;
}

void destination_state::expire_deadlines() {
  const auto mono = context_->time.monotonic();
  while (!cut_offs_.empty() && cut_offs_.begin()->first <= mono) {
    const auto number = cut_offs_.begin()->second;
    cut_offs_.erase(cut_offs_.begin());
    end_overdue(number, true);
  }
  while (!deadlines_.empty()) {
    const auto [limit, number] = deadlines_.front();
    if (limit > mono && flights_.count(number) != 0) break;
    deadlines_.pop_front();
    end_overdue(number, false);
  }
}

void destination_state::end_overdue(std::uint64_t number, bool by_cut_off) {
  auto found = flights_.find(number);
  if (found == flights_.end()) return;
  found->second.through->cancel(found->second.token);
  flight expired = std::move(found->second);
  flights_.erase(found);
  auto result = timed_out(by_cut_off ? "deliverWithinMs ended during the attempt"
                                     : "no outcome from the handler by the engine's deadline");
  // How much time was left for the attempt says nothing of the destination.
  auto verdict = result;
  if (by_cut_off) verdict.action = core::attempt_action::canceled;
  end_call(expired, verdict);
  conclude(std::move(expired), std::move(result));
}

void destination_state::on_attempt_done(attempt_done& m) {
  auto found = flights_.find(m.flight);
  if (found == flights_.end()) return;  // timed out, cancelled: decided already
  flight done = std::move(found->second);
  flights_.erase(found);
  if (done.cut_off) cut_offs_.erase({*done.cut_off, m.flight});
  while (!deadlines_.empty() && flights_.count(deadlines_.front().second) == 0) deadlines_.pop_front();
  last_active_ = context_->time.monotonic();
  if (end_call(done, m.result)) {
    response_times_.add(duration_cast<milliseconds>(last_active_ - done.started));
  }
  conclude(std::move(done), std::move(m.result));
  pump();
}

/// It is alive and asks for time: no failure of the destination, but nothing more goes there for a while.
void destination_state::heed_throttling(const core::attempt_result& result, core::mono_time began) {
  auto asked = result.retry_after;
  if (asked) asked = std::min(*asked, policy_.retry.max_delay);
  pace_.on_refused(began, context_->time.monotonic(), asked);
}

void destination_state::judge(const core::attempt_result& result, core::mono_time began, core::utc_time now) {
  switch (result.action) {
    case core::attempt_action::delivered:
      return on_success(began, now);
    case core::attempt_action::canceled:
      return breaker_.on_abandoned();
    case core::attempt_action::throttled:
      heed_throttling(result, began);
      return breaker_.on_abandoned();
    case core::attempt_action::retry:
    case core::attempt_action::reject:
      break;
  }
  // A payload the destination will not have says nothing of the destination.
  if (result.category == core::failure_category::validation) return breaker_.on_abandoned();
  breaker_.on_failure(now);
  pace_.on_failed(context_->time.monotonic());
}

void destination_state::on_success(core::mono_time began, core::utc_time now) {
  const bool was_closed = breaker_.state() == core::breaker_state::closed;
  breaker_.on_success(now);
  const auto mono = context_->time.monotonic();
  pace_.on_delivered(began, mono);
  if (!was_closed && breaker_.state() == core::breaker_state::closed) pace_.begin_recovery(mono, policy_.breaker.ramp_up);
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
  record.payload_size = content.content_size();
  record.payload_sha256 = content.sha256;
  record.idempotency_key = content.idempotency_key;
  record.correlation_id = content.correlation_id;
  record.ordering_key = content.ordering_key;
  record.made.id = core::attempt_id::make();
  record.made.task = done.what.state.id;
  record.made.number = done.what.state.total_attempts + 1;
  record.made.started_at = done.started_at;
  record.made.duration = duration_cast<milliseconds>(context_->time.monotonic() - done.started);
  record.made.result = std::move(result);
  // A link is kept as its id, and shown whole again to whoever may see it.
  auto& reference = record.made.result.external_reference;
  if (const auto link = reference.empty() ? std::nullopt : core::link_in(reference))
    if (reference.find(context_->links.url({}, content.organization, *link)) != std::string::npos)
      reference = link->to_string();
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
    if (stored.result != core::record_result::recorded) {
      window_->forget(stored.task, size);
      continue;
    }
    if (core::is_final(outcome.after)) {
      window_->forget(stored.task, size);
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
