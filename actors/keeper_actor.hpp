// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keeps one actor alive whose durable truth is in the store: spawns it, and spawns it again when it crashed.
//
//   in       from          what it brings about
//   keep_up  itself        the actor is spawned again, a second after its crash
//   abandon  engine        the actor is ended, and this one with it
//   erasures_waiting  the service  passed on to the actor

#include <caf/actor.hpp>
#include <functional>

#include "actors/caf_compat.hpp"

namespace waybill::actors {

struct keep_up {};

class keeper_state {
public:
  static inline const char* name = "keeper";
  using spawner = std::function<caf::actor(caf::event_based_actor*)>;

  caf::behavior start(caf::event_based_actor* self, spawner make);

private:
  void spawn();

  caf::event_based_actor* self_ = nullptr;
  spawner make_;
  caf::actor kept_;
};

/// `make` spawns the actor, unmonitored, as often as it is called.
[[nodiscard]] caf::behavior keeper_actor(caf::stateful_actor<keeper_state>* self, keeper_state::spawner make);

}  // namespace waybill::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(waybill::actors::keep_up)
