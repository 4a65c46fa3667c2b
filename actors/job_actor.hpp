// SPDX-License-Identifier: Apache-2.0
#pragma once

// Works on one running job, portion by portion: dead letters are looked up on a reader thread, and handled in one transaction
// of the store writer together with the job's progress. All durable truth is in the store: this actor can die at any time, and
// a new one goes on from the job's cursor.
//
//   in           from           what it brings about
//   job_changed  job runner     another pace from the next portion on; the end, if the job is not running any more
//   job_scanned  reader thread  a step handed to the store writer
//   job_stepped  store writer   the next portion, or the end
//   job_wake     itself         tokens are there, traffic has let up, or a failed portion is tried again
//
//            enough tokens            found            committed
//   waiting --------------> scanning -------> stepping ---------> waiting, until the last portion or another's change
//      ^                       | failed           | failed
//      +-----------------------+------------------+  with backoff

#include <caf/actor.hpp>
#include <optional>

#include "actors/caf_compat.hpp"
#include "actors/engine_context.hpp"
#include "actors/messages.hpp"
#include "core/policy/job_pace.hpp"

namespace waybill::actors {

class job_state {
public:
  static inline const char* name = "job";

  caf::behavior start(caf::event_based_actor* self, engine_context& context, core::job work, caf::actor registry);

private:
  void on_job_changed(const job_changed& m);
  void on_job_scanned(job_scanned& m);
  void on_job_stepped(const job_stepped& m);
  void on_job_wake(const job_wake& m);

  /// Begins a portion if none is under way and pace and traffic allow it; otherwise sees that it is asked again.
  void go_on();
  /// How long traffic asks the job to wait.
  [[nodiscard]] core::milliseconds traffic_wait();
  void scan(std::uint32_t limit);
  void step(core::dead_letter_scan portion);
  void accept(const core::job& after);
  void on_failure(const core::error& why);
  void give_up(const core::error& why);
  void wake_in(core::milliseconds wait);

  caf::event_based_actor* self_ = nullptr;
  engine_context* context_ = nullptr;
  caf::actor registry_;
  core::job job_;
  std::optional<core::job_pace> pace_;
  core::task_id scanned_to_;  ///< may be ahead of the job's cursor: stretches without a match are not worth a transaction
  bool busy_ = false;         ///< a portion is under way
  std::uint32_t yielded_ = 0;
  std::uint32_t failures_ = 0;  ///< in a row
  std::uint64_t generation_ = 0;
};

[[nodiscard]] caf::behavior job_actor(caf::stateful_actor<job_state>* self, engine_context* context, core::job work,
                                      caf::actor registry);

/// Tells destinations of tasks that a commit brought back to the queue, and counts them as waiting. Any thread.
void announce_revived(engine_context& context, const caf::actor& registry, const std::vector<core::task>& revived);

}  // namespace waybill::actors
