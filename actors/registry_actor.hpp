// SPDX-License-Identifier: Apache-2.0
#pragma once

// The supervisor of all destination actors, and the only way to them: it spawns one when there is work, watches it, restarts
// it with backoff when it crashes, disables a destination whose actor keeps crashing, and lets idle ones go.
//
//   in                  from              what it brings about
//   tasks_accepted      store writer      tasks_offered to each destination
//   work_waiting        service,scheduler check_store to each destination
//   reconfigure         service           reload; a disabled destination gets a new chance
//   policy_changed      service           reload to every active destination of the organization
//   remove_destination  service           the actor ends
//   tasks_withdrawn     service           withdraw to each destination
//   claimed             store writer      claim_answered: behind the tasks committed before it, never ahead of them
//   idle                destination       let go (retire), unless something was sent in the meantime; scheduler is told
//   ask_live            service           ask_figures, or "not active"
//   restart_due         itself            the next incarnation of a crashed actor
//   drain               engine            start_drain to all; `done` when the last one ended
//   abandon             engine            all destinations end at once, and the registry with them
//
// A message for a destination whose actor waits for its restart is dropped: the next incarnation claims from the store.

#include <caf/actor.hpp>
#include <functional>
#include <unordered_map>
#include <vector>

#include "actors/caf_compat.hpp"
#include "actors/engine_context.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {

class registry_state {
public:
  static inline const char* name = "registry";

  caf::behavior start(caf::event_based_actor* self, engine_context& context, caf::actor scheduler);

private:
  struct entry {
    caf::actor actor;           ///< null while it waits for its restart, or when disabled
    std::uint64_t sent = 0;     ///< messages since it was spawned: tells whether an `idle` is up to date
    bool disabled = false;      ///< asks for no actor until reconfigured
    bool comes_back = false;    ///< its next actor is the first after it was disabled
    std::uint32_t crashes = 0;  ///< within crash_window of the first of them
    core::mono_time first_crash;
    std::uint64_t generation = 0;
  };

  void on_tasks_accepted(tasks_accepted& m);
  void on_work_waiting(const work_waiting& m);
  void on_reconfigure(const reconfigure& m);
  void on_policy_changed(const policy_changed& m);
  void on_remove(const remove_destination& m);
  void on_withdrawn(const tasks_withdrawn& m);
  void on_stepped_back(const tasks_stepped_back& m);
  void on_claimed(claimed& m);
  void on_idle(const idle& m);
  void on_ask_live(const ask_live& m);
  void on_restart_due(const restart_due& m);
  void on_drain(drain& m);
  void on_abandon();
  void on_down(const caf::down_msg& m);

  /// The entry with a living actor, spawned if needed; null if there must be none.
  entry* activate(core::destination_id id);
  template <class Message>
  void pass_on(entry& to, Message&& message);
  void spawn_into(core::destination_id id, entry& into);
  void give_up_on(core::destination_id id, entry& crashed);
  void finish_drain_if_empty();

  caf::event_based_actor* self_ = nullptr;
  engine_context* context_ = nullptr;
  caf::actor scheduler_;
  std::unordered_map<core::destination_id, entry> entries_;
  std::unordered_map<caf::actor_addr, core::destination_id> by_address_;
  std::function<void()> drained_;  ///< set while draining
};

[[nodiscard]] caf::behavior registry_actor(caf::stateful_actor<registry_state>* self, engine_context* context,
                                           caf::actor scheduler);

}  // namespace waybill::actors
