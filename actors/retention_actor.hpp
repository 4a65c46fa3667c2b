// SPDX-License-Identifier: Apache-2.0
#pragma once

// Walks over everything that is kept and removes what is past its time (core/policy/retention_pass decides what and how much).
// Candidates are found on a reader thread, removed in small transactions of the store writer. What was done is durable: this
// actor can die at any time, and the next pass goes on from there.
//
//   in                 from           what it brings about
//   retention_due      itself         a pass begins, or the rest after a batch has ended
//   pass_planned       reader thread  the pass, or another try later
//   candidates_found   reader thread  a batch handed to the store writer, or the next walk
//   retention_stepped  store writer   a rest, then the next batch
//   audit_trimmed      store writer   the rest of the chain, or the next chain
//
//            planned              found             committed
//   resting --------> looking -------------> removing -------> looking ... trimming the trail -> resting
//      ^                 | failed                | failed
//      +-----------------+-----------------------+

#include <atomic>
#include <caf/actor.hpp>
#include <memory>
#include <optional>

#include "actors/caf_compat.hpp"
#include "actors/compliance_messages.hpp"
#include "actors/engine_context.hpp"

namespace waybill::actors {

class retention_state {
public:
  static inline const char* name = "retention";

  caf::behavior start(caf::event_based_actor* self, engine_context& context);

private:
  /// For /metrics; shared with the collector, which may outlive this actor.
  struct figures {
    std::atomic<std::uint64_t> passes{0}, trimmed{0}, longest_us{0};
    std::atomic<std::uint64_t> removed[5] = {};  ///< by stage
  };

  void on_due(const retention_due& m);
  void on_planned(const pass_planned& m);
  void on_found(candidates_found& m);
  void on_stepped(const retention_stepped& m);
  void on_trimmed(const audit_trimmed& m);

  void plan();
  void look();
  void remove();
  void go_on();
  void trim();
  void end_pass();
  void wait(core::milliseconds time);

  caf::event_based_actor* self_ = nullptr;
  engine_context* context_ = nullptr;
  std::optional<core::retention_pass> pass_;
  std::vector<std::pair<core::organization_id, core::utc_time>> chains_;
  bool chain_begun_ = false;
  bool busy_ = false;
  std::uint64_t generation_ = 0;
  std::shared_ptr<figures> figures_ = std::make_shared<figures>();
};

[[nodiscard]] caf::behavior retention_actor(caf::stateful_actor<retention_state>* self, engine_context* context);

}  // namespace waybill::actors
