// SPDX-License-Identifier: Apache-2.0
#include "core/queue/fair_places.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

// Counting who is busy walks all shares: with more than this many, only every so manieth time.
constexpr std::size_t counted_every_time = 64;

}  // namespace

fair_places::share_ptr fair_places::share_of(organization_id org, std::uint32_t weight) {
  const std::lock_guard lock(mutex_);
  if (shares_.size() >= forget_at_) forget_unused();
  auto& found = shares_[org];
  if (!found) found = std::make_shared<share>();
  found->weight_.store(std::max<std::uint32_t>(weight, 1), std::memory_order_relaxed);
  return found;
}

void fair_places::set_weight(organization_id org, std::uint32_t weight) {
  const std::lock_guard lock(mutex_);
  auto found = shares_.find(org);
  if (found != shares_.end()) found->second->weight_.store(std::max<std::uint32_t>(weight, 1), std::memory_order_relaxed);
}

void fair_places::forget_unused() {
  for (auto entry = shares_.begin(); entry != shares_.end();)
    entry = entry->second.use_count() == 1 ? shares_.erase(entry) : std::next(entry);
  forget_at_ = std::max<std::size_t>(64, 2 * shares_.size());
}

bool fair_places::acquire(share& of, bool first) {
  // Sequentially consistent, like the counterpart in release(): either this sees that somebody waits, or they see our place.
  if (first || waiting_count_.load() == 0) {
    if (used_.fetch_add(1) < limit_ || first) {
      of.in_flight_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    used_.fetch_sub(1);
  }
  return borrow(of);
}

bool fair_places::borrow(share& of) {
  const std::lock_guard lock(mutex_);
  // Those of the same organization who wait come first, by (3).
  if (!of.waiters_.empty() || of.in_flight() >= fair_part(of) || used_.load() >= limit_ + loan_) return false;
  used_.fetch_add(1);
  of.in_flight_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::uint32_t fair_places::fair_part(const share& of) {
  if (until_count_ == 0) {
    busy_weight_ = 0;
    for (const auto& [org, known] : shares_)
      if (known->in_flight() > 0 || !known->waiters_.empty()) busy_weight_ += known->weight();
    until_count_ = shares_.size() > counted_every_time ? static_cast<std::uint32_t>(counted_every_time) : 1;
  }
  --until_count_;
  const std::uint64_t weight = of.weight();
  const auto all = std::max<std::uint64_t>(busy_weight_ + (of.in_flight() == 0 ? weight : 0), weight);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(limit_ * weight / all, 1));
}

double fair_places::rank(const share& of) const { return static_cast<double>(of.in_flight()) / of.weight(); }

void fair_places::enter(const share_ptr& of) {
  of->rank_ = {rank(*of), ++last_arrival_};
  waiting_.emplace(of->rank_, of);
}

void fair_places::await(const share_ptr& of, granted wake) {
  std::unique_lock lock(mutex_);
  of->waiters_.push_back(std::move(wake));
  if (of->waiters_.size() == 1) enter(of);
  waiting_count_.fetch_add(1);
  hand_out(lock);
}

void fair_places::close() {
  std::map<std::pair<double, std::uint64_t>, share_ptr> let_go;
  const std::lock_guard lock(mutex_);
  let_go.swap(waiting_);
  waiting_count_.store(0);
  for (auto& [key, of] : let_go) of->waiters_.clear();
}

void fair_places::release(share& of) {
  of.in_flight_.fetch_sub(1, std::memory_order_relaxed);
  used_.fetch_sub(1);
  if (waiting_count_.load() == 0) return;
  std::unique_lock lock(mutex_);
  if (!of.waiters_.empty()) {
    auto entry = waiting_.extract(of.rank_);
    of.rank_.first = rank(of);
    entry.key() = of.rank_;
    waiting_.insert(std::move(entry));
  }
  hand_out(lock);
}

fair_places::grant fair_places::next_grant() {
  if (waiting_.empty()) return {};
  if (used_.fetch_add(1) >= limit_) {
    used_.fetch_sub(1);
    return {};
  }
  // Places got as a first one raise a rank without the lock: it is looked at again before it counts.
  auto best = waiting_.begin();
  for (auto now = rank(*best->second); now > best->first.first; now = rank(*best->second)) {
    auto entry = waiting_.extract(best);
    entry.key().first = entry.mapped()->rank_.first = now;
    waiting_.insert(std::move(entry));
    best = waiting_.begin();
  }
  auto entry = waiting_.extract(best);
  auto of = std::move(entry.mapped());
  auto wake = std::move(of->waiters_.front());
  of->waiters_.pop_front();
  waiting_count_.fetch_sub(1);
  of->in_flight_.fetch_add(1, std::memory_order_relaxed);
  if (!of->waiters_.empty()) enter(of);
  return {std::move(wake), std::make_shared<place>(*this, std::move(of))};
}

/// Wakes without the lock: whoever is woken may ask again at once.
void fair_places::hand_out(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (!lock.owns_lock()) lock.lock();
    auto [wake, got] = next_grant();
    lock.unlock();
    if (!wake) return;
    wake(std::move(got));
  }
}

std::map<organization_id, std::uint32_t> fair_places::by_organization() const {
  const std::lock_guard lock(mutex_);
  std::map<organization_id, std::uint32_t> counts;
  for (const auto& [org, known] : shares_)
    if (const auto under_way = known->in_flight(); under_way > 0 || !known->waiters_.empty()) counts.emplace(org, under_way);
  return counts;
}

}  // namespace waybill::core
