// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace waybill::tests {

/// Polls until `condition` holds; false after ten seconds.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// Something that happens once, on any thread.
class signal {
public:
  void set() {
    std::lock_guard hold{lock_};
    is_set_ = true;
    changed_.notify_all();
  }
  /// False after ten seconds.
  [[nodiscard]] bool wait() {
    std::unique_lock hold{lock_};
    return changed_.wait_for(hold, std::chrono::seconds{10}, [this] { return is_set_; });
  }
  [[nodiscard]] bool is_set() {
    std::lock_guard hold{lock_};
    return is_set_;
  }

private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

}  // namespace waybill::tests
