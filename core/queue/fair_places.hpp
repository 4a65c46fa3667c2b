// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/model/id.hpp"

namespace waybill::core {

/// The node-wide limit on attempts under way, shared out among organizations by weight.
///
/// What always holds:
///  1. A destination with none under way gets its first place whatever else is under way (`first`), so nobody is locked out.
///  2. While no one waits, whoever asks gets: an organization alone may use every place.
///  3. A place that becomes free while some wait goes to the waiting organization with the fewest places under way for its
///     weight, and there to the destination that has waited longest; nobody overtakes those who wait.
///  4. Attempts are not cut short, so the places of an organization that came first may be long in coming back. A tenth of the
///     limit, beyond it, is therefore lent to organizations that have less than their share.
/// Thread-safe; `acquire` and `release` are two atomic operations each while nobody waits.
class fair_places {
public:
  /// What one organization has under way. Shared by the destinations of it that are in memory.
  class share {
  public:
    [[nodiscard]] std::uint32_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint32_t weight() const { return weight_.load(std::memory_order_relaxed); }

  private:
    friend class fair_places;
    std::atomic<std::uint32_t> in_flight_{0};
    std::atomic<std::uint32_t> weight_{1};
    // Under the mutex of fair_places. Non-empty exactly while the share is in `waiting_`, under `rank_`.
    std::deque<std::function<void(std::shared_ptr<class place>)>> waiters_;
    std::pair<double, std::uint64_t> rank_{};
  };
  using share_ptr = std::shared_ptr<share>;
  using granted = std::function<void(std::shared_ptr<class place>)>;

  explicit fair_places(std::uint32_t limit) : limit_(limit), loan_(limit / 10) {}

  /// The organization's share, made if there is none.
  [[nodiscard]] share_ptr share_of(organization_id org, std::uint32_t weight);
  /// Of an organization that has destinations in memory; others get theirs from `share_of`.
  void set_weight(organization_id org, std::uint32_t weight);

  /// One place, or false. `first`: the asker has no attempt under way.
  [[nodiscard]] bool acquire(share& of, bool first);
  void release(share& of);
  /// `wake` is called once, when a place is there for the asker: possibly before this returns. What it is given is that place,
  /// which is free again if nobody takes it.
  void await(const share_ptr& of, granted wake);
  /// Nobody is woken any more.
  void close();

  [[nodiscard]] std::uint32_t limit() const { return limit_; }
  [[nodiscard]] std::uint32_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t waiting() const { return waiting_count_.load(std::memory_order_relaxed); }
  /// Of every organization that has any under way or waits.
  [[nodiscard]] std::map<organization_id, std::uint32_t> by_organization() const;

private:
  using grant = std::pair<granted, std::shared_ptr<class place>>;

  [[nodiscard]] bool borrow(share& of);
  void enter(const share_ptr& of);
  [[nodiscard]] double rank(const share& of) const;
  [[nodiscard]] std::uint32_t fair_part(const share& of);
  /// Takes a free place for the one who is next; nothing if there is none, or nobody waits.
  [[nodiscard]] grant next_grant();
  void hand_out(std::unique_lock<std::mutex>& lock);
  void forget_unused();

  const std::uint32_t limit_;
  const std::uint32_t loan_;
  std::atomic<std::uint32_t> used_{0};
  std::atomic<std::uint32_t> waiting_count_{0};  ///< asks that wait

  mutable std::mutex mutex_;  ///< of all below
  std::unordered_map<organization_id, share_ptr> shares_;
  std::map<std::pair<double, std::uint64_t>, share_ptr> waiting_;  ///< by places for the weight, then by who came first
  std::uint64_t last_arrival_ = 0;
  std::uint32_t busy_weight_ = 0;  ///< as of the last count
  std::uint32_t until_count_ = 0;
  std::size_t forget_at_ = 64;
};

/// A place on its way to whoever waited for it; released if nobody takes it.
class place {
public:
  place(fair_places& from, fair_places::share_ptr of) : from_(&from), of_(std::move(of)) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() {
    if (of_) from_->release(*of_);
  }
  /// From here on the taker releases it.
  void take() { of_.reset(); }

private:
  fair_places* from_;
  fair_places::share_ptr of_;
};

}  // namespace waybill::core
