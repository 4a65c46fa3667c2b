// SPDX-License-Identifier: Apache-2.0
#include "actors/commit_relay.hpp"

#include <caf/send.hpp>

namespace waybill::actors {

void commit_relay::add_changes(core::order_changes changes) {
  for (auto& task : changes.released) accepted_.tasks.push_back(std::move(task));
  stepped_back_.tasks = std::move(changes.stepped_back);
  released_.destinations = std::move(changes.more);
}

void commit_relay::add_stored(const caf::actor& to, outcome_stored outcome) {
  // Outcomes of one destination mostly come in a row: the last entry is the likely one.
  for (auto entry = stored_.rbegin(); entry != stored_.rend(); ++entry) {
    if (entry->first != to) continue;
    entry->second.outcomes.push_back(outcome);
    return;
  }
  stored_.emplace_back(to, outcomes_stored{{outcome}});
}

void commit_relay::flush() {
  // First: a task that steps back makes way for one that is released.
  if (!stepped_back_.tasks.empty() && registry_) caf::anon_send(registry_, std::exchange(stepped_back_, {}));
  if (!accepted_.tasks.empty() && registry_) {
    caf::anon_send(registry_, std::move(accepted_));
    accepted_ = {};
  }
  if (!released_.destinations.empty() && registry_) caf::anon_send(registry_, std::exchange(released_, {}));
  for (auto& [to, outcomes] : stored_) caf::anon_send(to, std::move(outcomes));
  stored_.clear();
}

void commit_relay::disconnect() {
  registry_ = nullptr;
  accepted_ = {};
  stepped_back_ = {};
  released_ = {};
  stored_.clear();
}

}  // namespace waybill::actors
