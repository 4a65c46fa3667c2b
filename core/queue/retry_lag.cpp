// SPDX-License-Identifier: Apache-2.0
#include "core/queue/retry_lag.hpp"

#include <algorithm>
#include <vector>

namespace waybill::core {
namespace {

constexpr std::chrono::minutes remembered{5};

}  // namespace

void retry_lag::ring::add(mono_time now, milliseconds late_by) {
  entries[next] = {now, late_by};
  next = (next + 1) % kept;
  size = std::min(size + 1, kept);
}

retry_lag::summary retry_lag::ring::sum_up(mono_time now) const {
  std::vector<milliseconds> recent;
  for (std::size_t i = 0; i < size; ++i)
    if (now - entries[i].first <= remembered) recent.push_back(entries[i].second);
  if (recent.empty()) return {};
  std::sort(recent.begin(), recent.end());
  const auto share = [&](std::size_t percent) { return recent[std::min(recent.size() - 1, recent.size() * percent / 100)]; };
  return {static_cast<std::uint32_t>(recent.size()), share(50), share(99), recent.back()};
}

void retry_lag::started(organization_id org, milliseconds late_by, mono_time now) {
  late_by = std::max(late_by, milliseconds{0});
  const std::lock_guard lock(mutex_);
  if (now >= forget_at_) forget_quiet(now);
  all_.add(now, late_by);
  organizations_[org].add(now, late_by);
}

/// An organization without retries for a while leaves no trace.
void retry_lag::forget_quiet(mono_time now) {
  for (auto entry = organizations_.begin(); entry != organizations_.end();)
    entry = entry->second.sum_up(now).retries == 0 ? organizations_.erase(entry) : std::next(entry);
  forget_at_ = now + remembered;
}

retry_lag::summary retry_lag::whole(mono_time now) const {
  const std::lock_guard lock(mutex_);
  return all_.sum_up(now);
}

retry_lag::summary retry_lag::of(organization_id org, mono_time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = organizations_.find(org);
  return found == organizations_.end() ? summary{} : found->second.sum_up(now);
}

}  // namespace waybill::core
