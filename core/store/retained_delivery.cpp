// SPDX-License-Identifier: Apache-2.0
#include "core/store/retained_delivery.hpp"

#include <algorithm>

namespace waybill::core {

std::vector<destination_id> retained_delivery::destinations() const {
  std::vector<destination_id> all;
  all.reserve(head.targets.size());
  for (const auto& [task, destination] : head.targets) all.push_back(destination);
  return all;
}

bool retained_delivery::waits() const {
  return std::any_of(tasks.begin(), tasks.end(), [](const retained_task& t) { return !is_final(t.state.status); });
}

std::vector<dead_row> retained_delivery::dead_letters() const {
  std::vector<dead_row> dead;
  for (const auto& t : tasks) {
    if (!t.dead_letter) continue;
    dead_row row;
    row.key = t.state.key;
    row.attempts = t.state.attempts;
    row.total_attempts = t.state.total_attempts;
    row.created_at = t.state.created_at;
    row.finished_at = t.state.finished_at.value_or(utc_time{});
    row.last_attempt = t.state.last_attempt;
    dead.push_back(row);
  }
  return dead;
}

bool may_go(const retained_delivery& d, retention_stage stage, utc_time finished_before, const std::vector<legal_hold>& holds) {
  if (!holds.empty() && find_hold(holds, d.head.content, d.destinations()) != nullptr) return false;
  const auto finished = [&](const retained_task& t) {
    return is_final(t.state.status) && (!t.state.finished_at || *t.state.finished_at < finished_before);
  };
  if (stage == retention_stage::dead_letters)
    return std::any_of(d.tasks.begin(), d.tasks.end(), [&](const retained_task& t) { return t.dead_letter && finished(t); });
  if (d.head.content.created_at >= finished_before) return false;
  return std::all_of(d.tasks.begin(), d.tasks.end(), [&](const retained_task& t) { return finished(t) && !t.dead_letter; });
}

}  // namespace waybill::core
