// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

namespace waybill::core {

/// The node-wide limit on attempts under way. A destination with none under way always gets its first, so hanging
/// neighbours can use up the shared places but never lock anybody out. Thread-safe; `acquire` and `release` without waiters
/// are one atomic operation.
class in_flight_limit {
public:
  explicit in_flight_limit(std::uint32_t limit) : limit_(limit) {}

  /// One place, or false. `first`: the asker has no attempt under way.
  [[nodiscard]] bool acquire(bool first) {
    if (used_.fetch_add(1, std::memory_order_acq_rel) < limit_ || first) return true;
    used_.fetch_sub(1, std::memory_order_acq_rel);
    return false;
  }

  void release() {
    used_.fetch_sub(1, std::memory_order_acq_rel);
    if (waiters_count_.load(std::memory_order_acquire) == 0) return;
    std::function<void()> wake;
    {
      std::lock_guard lock(mutex_);
      if (waiters_.empty()) return;
      wake = std::move(waiters_.front());
      waiters_.pop_front();
      waiters_count_.store(static_cast<std::uint32_t>(waiters_.size()), std::memory_order_release);
    }
    wake();
  }

  /// `wake` is called once, by some later release. The asker must try to acquire once more after this returned: a place may
  /// have become free in between.
  void await(std::function<void()> wake) {
    std::lock_guard lock(mutex_);
    waiters_.push_back(std::move(wake));
    waiters_count_.store(static_cast<std::uint32_t>(waiters_.size()), std::memory_order_release);
  }

  [[nodiscard]] std::uint32_t used() const { return used_.load(std::memory_order_relaxed); }

private:
  const std::uint32_t limit_;
  std::atomic<std::uint32_t> used_{0};
  std::atomic<std::uint32_t> waiters_count_{0};
  std::mutex mutex_;
  std::deque<std::function<void()>> waiters_;
};

}  // namespace waybill::core
