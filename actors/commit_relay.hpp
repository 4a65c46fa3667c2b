// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor.hpp>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/messages.hpp"
#include "core/store/order_records.hpp"

namespace waybill::actors {

/// Carries what one commit of the store writer brought about into the actors: one message to the registry with every
/// accepted task, one to each destination with its stored outcomes. Lives on the writer's thread: `add_*` is called from the
/// writer's callbacks, `flush` from its end of batch.
class commit_relay {
public:
  /// Before the writer starts to call back.
  void connect(caf::actor registry) { registry_ = std::move(registry); }

  void add_accepted(core::queued_task task) { accepted_.tasks.push_back(std::move(task)); }
  /// Before the callbacks of its commit: what was released is as fresh as what was accepted.
  void add_changes(core::order_changes changes);
  void add_stored(const caf::actor& to, outcome_stored outcome);
  void flush();
  /// Drops the handles, so that actors can end; nothing is sent any more.
  void disconnect();

private:
  caf::actor registry_;
  tasks_accepted accepted_;
  tasks_stepped_back stepped_back_;
  work_waiting released_;
  std::vector<std::pair<caf::actor, outcomes_stored>> stored_;
  std::unordered_map<caf::actor_id, std::size_t> place_of_;  ///< in stored_
};

}  // namespace waybill::actors
