// SPDX-License-Identifier: Apache-2.0
#include "actors/backlog_view.hpp"

#include <algorithm>
#include <utility>

namespace waybill::actors {
namespace {

core::queue_stats laid_over(core::queue_stats read, const core::queue_ledger::depth& now) {
  read.pending = now.pending;
  read.retrying = now.retrying;
  read.parked = now.parked;
  read.due = std::min(read.due, now.pending + now.retrying);
  if (now.total() == 0) read.oldest_created_at.reset();
  if (now.pending + now.retrying == 0) read.next_due.reset();
  return read;
}

template <class Map, class Id>
core::queue_stats find_or_none(const Map& map, const Id& id) {
  const auto found = map.find(id);
  return found == map.end() ? core::queue_stats{} : found->second;
}

}  // namespace

void backlog_view::put(const std::vector<core::destination_backlog>& read) {
  core::queue_stats all;
  decltype(organizations_) organizations;
  decltype(destinations_) destinations;
  for (const auto& one : read) {
    all.add(one.shown);
    organizations[one.organization].add(one.shown);
    // Half of it: it may have grown since when somebody asks.
    if (one.pending + one.retrying >= long_queue / 2) destinations.emplace(one.destination, one.shown);
  }
  const std::lock_guard lock(mutex_);
  all_ = all;
  organizations_ = std::move(organizations);
  destinations_ = std::move(destinations);
}

core::queue_stats backlog_view::whole(const core::queue_ledger::depth& now) const {
  const std::lock_guard lock(mutex_);
  return laid_over(all_, now);
}

core::queue_stats backlog_view::of(core::organization_id id, const core::queue_ledger::depth& now) const {
  const std::lock_guard lock(mutex_);
  return laid_over(find_or_none(organizations_, id), now);
}

core::queue_stats backlog_view::of(core::destination_id id, const core::queue_ledger::depth& now) const {
  const std::lock_guard lock(mutex_);
  return laid_over(find_or_none(destinations_, id), now);
}

std::optional<core::utc_time> backlog_view::oldest(core::organization_id id) const {
  const std::lock_guard lock(mutex_);
  return find_or_none(organizations_, id).oldest_created_at;
}

}  // namespace waybill::actors
