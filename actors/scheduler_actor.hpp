// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keeps the time of what nobody holds in memory: wakes destinations that were let go with a task due later, and does the
// node's housekeeping. Anything lost with it is in the store.
//
//   in                from      what it brings about
//   wake_destination  registry  work_waiting to the registry at that time
//   deadline_noted    writer    what is late at that time is ended then
//   deadlines_checked writer    it has been; on to the next
//   tick              itself    due destinations; housekeeping: idempotency rows past their window, keys last used,
//                               the reconciler

#include <caf/actor.hpp>
#include <functional>
#include <set>
#include <unordered_map>
#include <utility>

#include "actors/caf_compat.hpp"
#include "actors/engine_context.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {

class scheduler_state {
public:
  static inline const char* name = "scheduler";
  using chore = std::function<void()>;

  caf::behavior start(caf::event_based_actor* self, engine_context& context, chore housekeeping);

private:
  void on_wake_destination(const wake_destination& m);
  void on_deadline_noted(const deadline_noted& m);
  void on_deadlines_checked(const deadlines_checked& m);
  void on_tick(const tick& m);
  void end_late_tasks(core::utc_time now);
  void arm();

  caf::event_based_actor* self_ = nullptr;
  engine_context* context_ = nullptr;
  chore housekeeping_;
  caf::actor registry_;
  // Both hold the same pairs; by_destination_ finds the one to replace.
  std::set<std::pair<core::utc_time, core::destination_id>> by_time_;
  std::unordered_map<core::destination_id, core::utc_time> by_destination_;
  std::optional<core::utc_time> deadline_at_;
  bool checking_deadlines_ = false;
  std::optional<core::mono_time> armed_for_;
  core::mono_time housekeeping_at_;
  std::uint64_t generation_ = 0;

  friend caf::behavior scheduler_actor(caf::stateful_actor<scheduler_state>*, engine_context*, chore);
};

/// The first message it needs is the registry's handle.
[[nodiscard]] caf::behavior scheduler_actor(caf::stateful_actor<scheduler_state>* self, engine_context* context,
                                            scheduler_state::chore housekeeping);

}  // namespace waybill::actors
