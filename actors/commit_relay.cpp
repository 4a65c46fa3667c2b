// SPDX-License-Identifier: Apache-2.0
#include "actors/commit_relay.hpp"

#include <caf/send.hpp>

namespace waybill::actors {

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
  if (!accepted_.tasks.empty() && registry_) {
    caf::anon_send(registry_, std::move(accepted_));
    accepted_ = {};
  }
  for (auto& [to, outcomes] : stored_) caf::anon_send(to, std::move(outcomes));
  stored_.clear();
}

void commit_relay::disconnect() {
  registry_ = nullptr;
  accepted_ = {};
  stored_.clear();
}

}  // namespace waybill::actors
