// SPDX-License-Identifier: Apache-2.0
#pragma once

// Carries out erasures, one after the other, in small transactions of the store writer. All durable truth is in the store:
// every transaction moves the erasure's position and counts with the rows it removes, so this actor can die at any time.
//
//   in                        from           what it brings about
//   erasures_waiting          the service    they are read from the store
//   erasures_found            reader thread  the first is begun
//   erasure_candidates_found  reader thread  a batch handed to the store writer, or the next phase
//   erasure_stepped           store writer   whoever holds cancelled tasks is told; a rest, then the next batch
//   payloads_swept            store writer   again while chunks of payloads are left, then the next erasure
//   store_compacted           reader thread  certificates for all that were waiting for it
//   erasure_ended             store writer   the next one
//   erasure_due               itself         the rest after a batch, or the wait after a failure, has ended
//
//             none waits           no delivery left       no row left          no chunk left, none running   certified
//   deliveries ---------> (organization: rows ---->) payloads ----------> compacting ------------------> completed

#include <caf/actor.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/caf_compat.hpp"
#include "actors/compliance_messages.hpp"
#include "actors/engine_context.hpp"

namespace waybill::actors {

class erasure_runner_state {
public:
  static inline const char* name = "erasure";

  /// `cleaned`: the engine's files have been since the node began, for those that wait for that.
  caf::behavior start(caf::event_based_actor* self, engine_context& context, core::store& storage, caf::actor registry,
                      bool cleaned);

private:
  void on_found(const erasures_found& m);
  void on_candidates(const erasure_candidates_found& m);
  void on_stepped(const erasure_stepped& m);
  void on_swept(const payloads_swept& m);
  void on_compacted(const store_compacted& m);
  void on_ended(const erasure_ended& m);
  void on_due(const erasure_due& m);

  void find();
  void next();
  void look();
  void erase(std::vector<core::delivery_id> ids);
  void erase_rows();
  void let_go_of_destinations();
  void sweep();
  void begin_compacting();
  void compact();
  void certify();
  void write(std::function<core::result<void>(core::write_session&)> work);
  void retry(const core::error& why);
  void wait(core::milliseconds time);

  caf::event_based_actor* self_ = nullptr;
  engine_context* context_ = nullptr;
  core::store* storage_ = nullptr;
  caf::actor registry_;
  std::optional<core::erasure> current_;  ///< running
  std::vector<core::erasure> running_;
  std::vector<core::erasure> compacting_;
  bool busy_ = false;       ///< an answer is awaited
  bool asked_ = false;      ///< there may be new ones
  bool rows_done_ = false;  ///< of an organization
  bool cleaned_ = false;    ///< what is compacting at the first look can be certified
  bool too_large_ = false;  ///< the file: what is compacting waits for the node's next start
  std::uint64_t generation_ = 0;
};

[[nodiscard]] caf::behavior erasure_actor(caf::stateful_actor<erasure_runner_state>* self, engine_context* context,
                                          core::store* storage, caf::actor registry, bool cleaned);

}  // namespace waybill::actors
