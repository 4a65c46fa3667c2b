// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <waybill/transfer/lane_pool.hpp>

namespace waybill::transfer {

/// Sessions of one destination that have no work just now. Each is closed, on a thread of the lane, once it has been idle for
/// so long; all of them with the pool. Session: movable, false when empty. Thread-safe.
template <class Session>
class idle_pool : public std::enable_shared_from_this<idle_pool<Session>> {
public:
  using clock = std::chrono::steady_clock;

  idle_pool(lane_pool& lanes, std::shared_ptr<lane_pool::lane> on, std::chrono::milliseconds longest)
      : lanes_(lanes), lane_(std::move(on)), longest_(longest) {}

  /// The one used last; empty if there is none.
  [[nodiscard]] Session take() {
    const std::lock_guard lock{mutex_};
    if (sessions_.empty()) return Session{};
    auto out = std::move(sessions_.back().what);
    sessions_.pop_back();
    return out;
  }
  void give(Session what) {
    if (longest_.count() == 0) return;
    const std::lock_guard lock{mutex_};
    if (closed_) return;
    sessions_.push_back({std::move(what), clock::now()});
    if (!sweeping_) sweep_at(clock::now() + longest_);
  }

  /// Closes all sessions on this thread, and does not keep those given back later. For the handler's end: the lane's threads
  /// are not joined, so what they close might meet the libraries' own end with the process.
  void close() {
    const std::lock_guard closing{closing_};
    std::vector<idle_session> all;  // closed after the lock
    const std::lock_guard lock{mutex_};
    closed_ = true;
    all.swap(sessions_);
  }

private:
  struct idle_session {
    Session what;
    clock::time_point since;
  };

  void sweep() {
    const std::lock_guard closing{closing_};
    std::vector<idle_session> old;  // closed after the lock
    const std::lock_guard lock{mutex_};
    const auto limit = clock::now() - longest_;
    const auto young = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& one) { return one.since > limit; });
    std::move(sessions_.begin(), young, std::back_inserter(old));
    sessions_.erase(sessions_.begin(), young);
    sweeping_ = false;
    if (!sessions_.empty()) sweep_at(sessions_.front().since + longest_);
  }
  void sweep_at(clock::time_point when) {
    std::weak_ptr<idle_pool> self = this->weak_from_this();
    sweeping_ = lanes_.run_at(when, lane_, [self] {
      if (const auto that = self.lock()) that->sweep();
    });
  }

  lane_pool& lanes_;
  const std::shared_ptr<lane_pool::lane> lane_;
  const std::chrono::milliseconds longest_;
  std::mutex closing_;  ///< held while sessions are closed; taken before mutex_
  std::mutex mutex_;
  std::vector<idle_session> sessions_;
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace waybill::transfer
