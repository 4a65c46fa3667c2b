// SPDX-License-Identifier: Apache-2.0
#include "actors/scheduler_actor.hpp"

#include <algorithm>

namespace waybill::actors {
namespace {

constexpr core::milliseconds housekeeping_interval{5'000};

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
  wait = std::max(wait, core::milliseconds{1});
  if (armed_for_ && *armed_for_ <= mono + wait) return;
  armed_for_ = mono + wait;
  self_->delayed_send(self_, wait, tick{++generation_});
}

}  // namespace waybill::actors
