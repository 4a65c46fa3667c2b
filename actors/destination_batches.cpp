// SPDX-License-Identifier: Apache-2.0
// The part of the destination actor that sends several tasks in one call. A batch takes one place, one of the rate and one
// call of the breaker; every task in it keeps its own outcome, retries and record.
#include <utility>

#include "actors/destination_actor.hpp"

namespace waybill::actors {

void destination_state::start_batches(core::utc_time now) {
  const auto mono = context_->time.monotonic();
  for (;;) {
    // An open breaker's tasks stay in the window, where priority still moves them.
    const bool collects = !loading_ && mode_ == mode::running && handler_ && breaker_.state() != core::breaker_state::open;
    while (collects && collector_.wants_more()) {
      auto task = window_->pop_due(now);
      if (!task) break;
      collector_.add(*std::move(task), mono);
    }
    // A window that fetches nothing more before this batch has left has nothing to wait for.
    const bool waits = !collector_.is_ready(mono) && (collector_.empty() || !window_->is_well_filled());
    if (waits || !may_try() || !acquire_call(now)) return;
    launch_batch(collector_.take(), now);
  }
}

void destination_state::launch_batch(std::vector<core::queued_task> tasks, core::utc_time now) {
  const auto number = ++last_flight_;
  const auto started = context_->time.monotonic();
  std::vector<core::delivery_call> calls;
  std::vector<core::handler::completion> done;
  for (auto& task : tasks) {
    if (task.state.deliver_by && now >= *task.state.deliver_by) {
      let_expire(task);
      continue;
    }
    note_lag(task.state, now);
    flight attempt{std::move(task), now, started, handler_, 0, number, {}};
    const auto own = ++last_flight_;
    const auto deadline = set_deadlines(attempt, own);
    calls.push_back({attempt.what, attempt.what.state.total_attempts + 1, deadline});
    done.push_back([to = caf::actor_cast<caf::actor>(self_), own](core::attempt_result r) {
      caf::anon_send(to, attempt_done{own, std::move(r)});
    });
    flights_.emplace(own, std::move(attempt));
  }
  if (calls.empty()) {
    breaker_.on_abandoned();
    return give_place_back();
  }
  batches_.emplace(number, batch_under_way{calls.size(), {}});
  const auto first = last_flight_ - calls.size() + 1;  // flights of a batch are numbered without gaps
  const auto tokens = handler_->deliver_batch(std::move(calls), std::move(done));
  for (std::size_t i = 0; i < tokens.size(); ++i) flights_.at(first + i).token = tokens[i];
}

/// One flight is over. Gives its call's place back and tells the breaker of it: for a batch with its last flight, once, by
/// what all of them said together. True if the call is over.
bool destination_state::end_call(const flight& over, const core::attempt_result& result) {
  const auto now = context_->time.now();
  if (over.batch == 0) {
    give_place_back();
    judge(result, over.started, now);
    return true;
  }
  auto found = batches_.find(over.batch);
  auto& batch = found->second;
  batch.verdict.add(result.action, result.category);
  if (result.action == core::attempt_action::throttled) heed_throttling(result, over.started);
  if (--batch.left > 0) return false;
  core::attempt_result whole;
  whole.action = batch.verdict.action();
  whole.category = batch.verdict.category();
  batches_.erase(found);
  give_place_back();
  judge(whole, over.started, now);
  return true;
}

/// What is collected goes back into the window, untried.
void destination_state::uncollect() {
  for (auto& task : collector_.clear()) window_->put_back(std::move(task));
}

}  // namespace waybill::actors
