// SPDX-License-Identifier: Apache-2.0
#include "core/queue/queue_ledger.hpp"

#include <algorithm>
#include <unordered_set>

namespace waybill::core {
namespace {

std::uint64_t not_negative(std::int64_t count) { return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)); }

}  // namespace

queue_ledger::depth queue_ledger::counts::shown() const {
  return {not_negative(pending), not_negative(retrying), not_negative(parked)};
}

// ---- admission -----------------------------------------------------------------------------------------------------

void queue_ledger::set_limit(organization_id org, std::uint64_t most) {
  const std::lock_guard lock(mutex_);
  organizations_[org].limit = most;
}

std::uint64_t queue_ledger::effective_limit(const organization& o) const {
  return o.limit > 0 ? o.limit : most_of_organization_;
}

std::uint64_t queue_ledger::limit_of(organization_id org) const {
  const std::lock_guard lock(mutex_);
  const auto found = organizations_.find(org);
  return found == organizations_.end() ? most_of_organization_ : effective_limit(found->second);
}

queue_ledger::verdict queue_ledger::admit(organization_id org, std::uint64_t tasks) {
  const std::lock_guard lock(mutex_);
  if (not_negative(all_.total()) + admitted_ + tasks > most_) return verdict::engine_full;
  auto& owner = organizations_[org];
  const auto most = effective_limit(owner);
  if (most > 0 && not_negative(owner.waiting.total()) + owner.admitted + tasks > most) return verdict::organization_full;
  admitted_ += tasks;
  owner.admitted += tasks;
  return verdict::admitted;
}

void queue_ledger::give_back(organization_id org, std::uint64_t tasks) {
  const std::lock_guard lock(mutex_);
  auto& owner = organizations_[org];
  admitted_ -= std::min(admitted_, tasks);
  owner.admitted -= std::min(owner.admitted, tasks);
}

// ---- what commits bring about --------------------------------------------------------------------------------------

queue_ledger::destination& queue_ledger::entry_of(organization_id org, destination_id id) {
  auto& found = destinations_[id];
  found.owner = org;
  found.moved = ++moves_;
  return found;
}

void queue_ledger::add_to_sums(const destination& d, std::int64_t pending, std::int64_t retrying) {
  for (auto* sum : {&all_, &organizations_[d.owner].waiting}) {
    if (d.parked) {
      sum->parked += pending + retrying;
      continue;
    }
    sum->pending += pending;
    sum->retrying += retrying;
  }
}

void queue_ledger::change(destination& d, std::int64_t pending, std::int64_t retrying) {
  // More can go than was known only if a commit was not told: the comparison with the store puts it right.
  pending = std::max(pending, -d.pending);
  retrying = std::max(retrying, -d.retrying);
  d.pending += pending;
  d.retrying += retrying;
  add_to_sums(d, pending, retrying);
}

void queue_ledger::change_by_state(const task& t, std::int64_t by) {
  auto& d = entry_of(t.organization, t.destination);
  if (t.status == task_status::retrying)
    change(d, 0, by);
  else
    change(d, by, 0);
}

void queue_ledger::added(const std::vector<task>& tasks) {
  const std::lock_guard lock(mutex_);
  for (const auto& one : tasks) change_by_state(one, 1);
}

void queue_ledger::removed(const std::vector<task>& tasks) {
  const std::lock_guard lock(mutex_);
  for (const auto& one : tasks) change_by_state(one, -1);
}

void queue_ledger::moved(const task& before, task_status after) {
  const std::lock_guard lock(mutex_);
  auto& d = entry_of(before.organization, before.destination);
  const bool was_retrying = before.status == task_status::retrying;
  change(d, was_retrying ? 0 : -1, was_retrying ? -1 : 0);
  if (after == task_status::retrying) change(d, 0, 1);
  // Kept while it is parked: that is not known from tasks.
  if (d.pending == 0 && d.retrying == 0 && !d.parked) destinations_.erase(before.destination);
}

void queue_ledger::park(destination& d, bool parked) {
  if (d.parked == parked) return;
  add_to_sums(d, -d.pending, -d.retrying);
  d.parked = parked;
  add_to_sums(d, d.pending, d.retrying);
}

void queue_ledger::set_parked(organization_id org, destination_id id, bool parked) {
  const std::lock_guard lock(mutex_);
  if (!parked && destinations_.count(id) == 0) return;
  auto& d = entry_of(org, id);
  park(d, parked);
  if (d.pending == 0 && d.retrying == 0 && !parked) destinations_.erase(id);
}

void queue_ledger::forget(destination_id id) {
  const std::lock_guard lock(mutex_);
  const auto found = destinations_.find(id);
  if (found == destinations_.end()) return;
  add_to_sums(found->second, -found->second.pending, -found->second.retrying);
  destinations_.erase(found);
}

// ---- what is known -------------------------------------------------------------------------------------------------

queue_ledger::depth queue_ledger::whole() const {
  const std::lock_guard lock(mutex_);
  return all_.shown();
}

queue_ledger::depth queue_ledger::of(organization_id org) const {
  const std::lock_guard lock(mutex_);
  const auto found = organizations_.find(org);
  return found == organizations_.end() ? depth{} : found->second.waiting.shown();
}

queue_ledger::depth queue_ledger::of(destination_id id) const {
  const std::lock_guard lock(mutex_);
  const auto found = destinations_.find(id);
  if (found == destinations_.end()) return {};
  const auto& d = found->second;
  if (d.parked) return {0, 0, not_negative(d.pending + d.retrying)};
  return {not_negative(d.pending), not_negative(d.retrying), 0};
}

std::vector<queue_ledger::organization_depth> queue_ledger::by_organization(std::size_t most) const {
  std::vector<organization_depth> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, known] : organizations_)
      if (known.waiting.total() > 0) all.push_back({id, known.waiting.shown(), effective_limit(known)});
  }
  const auto kept = std::min(most, all.size());
  const auto deeper = [](const auto& a, const auto& b) { return a.waiting.total() > b.waiting.total(); };
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(), deeper);
  all.resize(kept);
  return all;
}

// ---- the comparison ------------------------------------------------------------------------------------------------

std::uint64_t queue_ledger::mark() const {
  const std::lock_guard lock(mutex_);
  return moves_;
}

std::uint64_t queue_ledger::set_counts(destination& d, std::int64_t pending, std::int64_t retrying) {
  const auto wrong = std::abs(pending - d.pending) + std::abs(retrying - d.retrying);
  if (wrong != 0) change(d, pending - d.pending, retrying - d.retrying);
  return static_cast<std::uint64_t>(wrong);
}

std::uint64_t queue_ledger::compare(std::uint64_t mark, const std::vector<destination_backlog>& stored) {
  const std::lock_guard lock(mutex_);
  std::uint64_t wrong = 0;
  std::unordered_set<destination_id> seen;
  seen.reserve(stored.size());
  for (const auto& one : stored) {
    seen.insert(one.destination);
    auto& d = destinations_[one.destination];
    d.owner = one.organization;
    if (d.moved > mark) continue;
    park(d, one.parked);
    wrong += set_counts(d, static_cast<std::int64_t>(one.pending), static_cast<std::int64_t>(one.retrying));
  }
  for (auto entry = destinations_.begin(); entry != destinations_.end();) {
    auto& d = entry->second;
    if (d.moved <= mark && seen.count(entry->first) == 0) wrong += set_counts(d, 0, 0);
    entry = d.pending == 0 && d.retrying == 0 && !d.parked ? destinations_.erase(entry) : std::next(entry);
  }
  return wrong;
}

}  // namespace waybill::core
