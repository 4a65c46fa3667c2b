// SPDX-License-Identifier: Apache-2.0
#pragma once

// The supervisor of the job actors: takes over the jobs that this node may run, oldest first and as far as there are places,
// spawns an actor for each, watches it, and restarts it with backoff when it crashes. A job whose actor keeps crashing fails.
//
//   in            from          what it brings about
//   jobs_waiting  service       a claim in the store
//   job_changed   service       passed on to the job's actor; a claim, as a place may be free or a job may be queued again
//   jobs_claimed  store writer  an actor for each
//   claim_due     itself        a claim that failed is tried again
//   job_restart   itself        the next incarnation of a crashed actor
//   abandon       engine        all of them end at once, and the runner with them

#include <caf/actor.hpp>
#include <unordered_map>

#include "actors/caf_compat.hpp"
#include "actors/engine_context.hpp"
#include "actors/messages.hpp"

namespace waybill::actors {

class job_runner_state {
public:
  static inline const char* name = "job_runner";

  caf::behavior start(caf::event_based_actor* self, engine_context& context, caf::actor registry);

private:
  struct entry {
    core::job work;
    caf::actor actor;  ///< null while it waits for its restart
    std::uint32_t crashes = 0;
  };

  void on_job_changed(const job_changed& m);
  void on_jobs_claimed(const jobs_claimed& m);
  void on_job_restart(const job_restart& m);
  void on_abandon();
  void on_down(const caf::down_msg& m);

  void claim();
  void spawn_into(entry& into);
  void give_up_on(const core::job& crashed);

  caf::event_based_actor* self_ = nullptr;
  engine_context* context_ = nullptr;
  caf::actor registry_;
  std::unordered_map<core::job_id, entry> entries_;
  std::unordered_map<caf::actor_addr, core::job_id> by_address_;
  bool claiming_ = false;
  bool claim_again_ = false;  ///< something changed while a claim was under way
};

[[nodiscard]] caf::behavior job_runner_actor(caf::stateful_actor<job_runner_state>* self, engine_context* context,
                                             caf::actor registry);

}  // namespace waybill::actors
