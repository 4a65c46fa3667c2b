// SPDX-License-Identifier: Apache-2.0
#include "actors/directory.hpp"

#include <mutex>

namespace waybill::actors {

void destination_directory::put(const core::destination& d) {
  std::unique_lock lock(mutex_);
  entries_[d.id] = entry{d.organization, d.state};
}

void destination_directory::set_state(core::destination_id id, core::destination_state state) {
  std::unique_lock lock(mutex_);
  if (auto found = entries_.find(id); found != entries_.end()) found->second.state = state;
}

void destination_directory::remove(core::destination_id id) {
  std::unique_lock lock(mutex_);
  entries_.erase(id);
}

std::optional<destination_directory::entry> destination_directory::find(core::destination_id id) const {
  std::shared_lock lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

void destination_directory::put(core::organization_id id) {
  std::unique_lock lock(mutex_);
  organizations_.insert(id);
}

void destination_directory::remove(core::organization_id id) {
  std::unique_lock lock(mutex_);
  organizations_.erase(id);
}

std::vector<core::destination_id> destination_directory::destinations_of(core::organization_id id) const {
  std::shared_lock lock(mutex_);
  std::vector<core::destination_id> all;
  for (const auto& [destination, known] : entries_)
    if (known.organization == id) all.push_back(destination);
  return all;
}

bool destination_directory::knows(core::organization_id id) const {
  std::shared_lock lock(mutex_);
  return organizations_.count(id) != 0;
}

std::size_t destination_directory::size() const {
  std::shared_lock lock(mutex_);
  return entries_.size();
}

}  // namespace waybill::actors
