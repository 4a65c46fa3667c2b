// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one door to CAF 0.17.6: what a newer CAF spells differently is spelled here, so that a move touches this header.

#include <caf/actor_cast.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <exception>

#include "core/telemetry/log.hpp"

namespace waybill::actors {

/// Replaces the default handlers of an actor, which print whole messages to standard output. What nobody expected is logged
/// by its actor's name and dropped; an exception ends the actor with an error, so that its supervisor sees a crash.
template <class Actor>
void guard_defaults(Actor* self, const char* name) {
  self->set_exception_handler([name](std::exception_ptr& failure) -> caf::error {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      core::log(core::log_level::error, "actor.crashed", "An actor ended by an exception",
                {{"actor", name}, {"reason", e.what()}});
    } catch (...) {
      core::log(core::log_level::error, "actor.crashed", "An actor ended by an unknown exception", {{"actor", name}});
    }
    return caf::make_error(caf::sec::runtime_error);
  });
}

}  // namespace waybill::actors
