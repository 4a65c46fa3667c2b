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
  // Outcomes of one destination mostly come in a row: the last entry is the likely one. Else a batch may have thousands.
  if (!stored_.empty() && stored_.back().first == to) {
    stored_.back().second.outcomes.push_back(outcome);
    return;
  }
  const auto [known, fresh] = place_of_.try_emplace(to.id(), stored_.size());
  if (fresh)
    stored_.emplace_back(to, outcomes_stored{{outcome}});
  else
    stored_[known->second].second.outcomes.push_back(outcome);
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
  place_of_.clear();
}

void commit_relay::disconnect() {
  registry_ = nullptr;
  accepted_ = {};
  stepped_back_ = {};
  released_ = {};
  stored_.clear();
  place_of_.clear();
}

}  // namespace waybill::actors
