// SPDX-License-Identifier: Apache-2.0
#include "actors/keeper_actor.hpp"

#include <chrono>
#include <utility>

#include "actors/compliance_messages.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {
namespace {

constexpr std::chrono::seconds restart_after{1};

}  // namespace

caf::behavior keeper_actor(caf::stateful_actor<keeper_state>* self, keeper_state::spawner make) {
  return self->state.start(self, std::move(make));
}

caf::behavior keeper_state::start(caf::event_based_actor* self, spawner make) {
  self_ = self;
  make_ = std::move(make);
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  self->set_down_handler([this](const caf::down_msg& m) {
    if (!kept_ || m.source != kept_.address()) return;
    kept_ = nullptr;
    self_->delayed_send(self_, restart_after, keep_up{});
  });
  spawn();
  return {
      [this](keep_up) { spawn(); },
      [this](erasures_waiting m) {
        if (kept_) self_->send(kept_, m);  // otherwise the new one looks for itself
      },
      [this](abandon) {
        if (kept_) self_->send_exit(kept_, caf::exit_reason::kill);
        kept_ = nullptr;
        self_->quit();
      },
  };
}

void keeper_state::spawn() {
  kept_ = make_(self_);
  self_->monitor(kept_);
}

}  // namespace waybill::actors
