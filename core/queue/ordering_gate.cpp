// SPDX-License-Identifier: Apache-2.0
#include "core/queue/ordering_gate.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace waybill::core {

void ordering_gate::enter(const std::string& key, const task_id& id) {
  lines_.try_emplace(key);
  out_.emplace(id, key);
}

void ordering_gate::wait(queued_task task) {
  lines_[task.content->ordering_key].push_back(std::move(task));
  ++waiting_;
}

std::vector<queued_task> ordering_gate::leave(const task_id& id) {
  auto found = out_.find(id);
  if (found == out_.end()) return {};
  auto line = lines_.find(found->second);
  auto waited = std::move(line->second);
  lines_.erase(line);
  out_.erase(found);
  waiting_ -= waited.size();
  return waited;
}

std::optional<queued_task> ordering_gate::withdraw(const task_id& id) {
  if (waiting_ == 0) return std::nullopt;
  for (auto& [key, line] : lines_) {
    auto found = std::find_if(line.begin(), line.end(), [&](const queued_task& t) { return t.state.id == id; });
    if (found == line.end()) continue;
    auto task = std::move(*found);
    line.erase(found);
    --waiting_;
    return task;
  }
  return std::nullopt;
}

std::vector<queued_task> ordering_gate::clear_waiting() {
  std::vector<queued_task> all;
  if (waiting_ == 0) return all;
  for (auto& [key, line] : lines_) {
    std::move(line.begin(), line.end(), std::back_inserter(all));
    line.clear();
  }
  waiting_ = 0;
  return all;
}

}  // namespace waybill::core
