// SPDX-License-Identifier: Apache-2.0
#include "actors/scheduler_actor.hpp"

#include <algorithm>
#include <limits>
#include <memory>

namespace waybill::actors {
namespace {

constexpr core::milliseconds housekeeping_interval{5'000};
// An attempt under way is ended by its own actor at the deadline; its record is to come before the store ends the task.
constexpr core::milliseconds deadline_grace{100};
constexpr core::milliseconds deadline_retry{1'000};
constexpr std::uint32_t deadline_batch = 500;  // the writer must not be held up

}  // namespace

caf::behavior scheduler_actor(caf::stateful_actor<scheduler_state>* self, engine_context* context,
                              scheduler_state::chore housekeeping) {
  return self->state.start(self, *context, std::move(housekeeping));
}

caf::behavior scheduler_state::start(caf::event_based_actor* self, engine_context& context, chore housekeeping) {
  self_ = self;
  context_ = &context;
  housekeeping_ = std::move(housekeeping);
  housekeeping_at_ = context.time.monotonic() + housekeeping_interval;
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  arm();
  return {
      [this](const caf::actor& registry) { registry_ = registry; },
      [this](const wake_destination& m) { on_wake_destination(m); },
      [this](const deadline_noted& m) { on_deadline_noted(m); },
      [this](const deadlines_checked& m) { on_deadlines_checked(m); },
      [this](const tick& m) { on_tick(m); },
      [this](retire) { self_->quit(); },
  };
}

void scheduler_state::on_wake_destination(const wake_destination& m) {
  auto [known, fresh] = by_destination_.emplace(m.destination, m.at);
  if (!fresh) {
    if (known->second <= m.at) return;
    by_time_.erase({known->second, m.destination});
    known->second = m.at;
  }
  by_time_.emplace(m.at, m.destination);
  arm();
}

void scheduler_state::on_deadline_noted(const deadline_noted& m) {
  if (!deadline_at_ || m.at < *deadline_at_) deadline_at_ = m.at;
  arm();
}

void scheduler_state::on_deadlines_checked(const deadlines_checked& m) {
  checking_deadlines_ = false;
  if (m.next) context_->note_deadline(*m.next);
  arm();
}

/// From here on whoever accepts an earlier deadline than any tells us again: the answer may not know of it.
void scheduler_state::end_late_tasks(core::utc_time now) {
  checking_deadlines_ = true;
  deadline_at_.reset();
  context_->next_deadline.store(std::numeric_limits<std::int64_t>::max());
  auto late = std::make_shared<core::expire_result>();
  context_->writer->run(
      [late, by = now - deadline_grace](core::write_session& session) -> core::result<void> {
        auto expired = session.expire(by, deadline_batch);
        if (!expired) return core::fail(expired.error());
        *late = *std::move(expired);
        return {};
      },
      [late, context = context_, now, registry = registry_, to = caf::actor_cast<caf::actor>(self_)](core::result<void> done) {
        if (!done) return caf::anon_send(to, deadlines_checked{now + deadline_retry});
        auto& expired = late->expired;
        context->ledger.removed(expired);
        if (!expired.empty()) caf::anon_send(registry, tasks_withdrawn{std::move(expired)});
        caf::anon_send(to, deadlines_checked{late->next});
      });
}

void scheduler_state::on_tick(const tick& m) {
  if (m.generation != generation_) return;
  armed_for_.reset();
  const auto now = context_->time.now();
  work_waiting due;
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    due.destinations.push_back(by_time_.begin()->second);
    by_destination_.erase(by_time_.begin()->second);
    by_time_.erase(by_time_.begin());
  }
  if (!due.destinations.empty() && registry_) self_->send(registry_, std::move(due));
  if (deadline_at_ && *deadline_at_ + deadline_grace <= now && !checking_deadlines_ && registry_) end_late_tasks(now);
  if (context_->time.monotonic() >= housekeeping_at_) {
    housekeeping_at_ = context_->time.monotonic() + housekeeping_interval;
    housekeeping_();
  }
  arm();
}

void scheduler_state::arm() {
  const auto mono = context_->time.monotonic();
  auto wait = std::chrono::duration_cast<core::milliseconds>(housekeeping_at_ - mono) + core::milliseconds{1};
  if (!by_time_.empty()) wait = std::min(wait, by_time_.begin()->first - context_->time.now());
  if (deadline_at_ && !checking_deadlines_) wait = std::min(wait, *deadline_at_ + deadline_grace - context_->time.now());
  wait = std::max(wait, core::milliseconds{1});
  if (armed_for_ && *armed_for_ <= mono + wait) return;
  armed_for_ = mono + wait;
  self_->delayed_send(self_, wait, tick{++generation_});
}

}  // namespace waybill::actors
