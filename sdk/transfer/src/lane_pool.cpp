// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/lane_pool.hpp>

#include <pthread.h>

#include <system_error>
#include <thread>
#include <utility>

namespace waybill::transfer {
namespace {

using clock = std::chrono::steady_clock;
constexpr std::chrono::seconds idle_life{10};

}  // namespace

/// Guarded by the pool's lock.
class lane_pool::lane {
public:
  explicit lane(std::size_t width) : width_(width == 0 ? 1 : width) {}

private:
  friend class lane_pool;
  [[nodiscard]] bool can_run() const { return !waiting_.empty() && running_ < width_; }

  const std::size_t width_;
  std::size_t running_ = 0;
  bool is_ready_ = false;  ///< stands in ready_
  std::deque<job> waiting_;
};

lane_pool::lane_pool(std::string thread_name, std::size_t most_threads)
    : name_(std::move(thread_name)), most_threads_(most_threads == 0 ? 1 : most_threads) {}

std::shared_ptr<lane_pool::lane> lane_pool::open(std::size_t width) { return std::make_shared<lane>(width); }

bool lane_pool::run(const std::shared_ptr<lane>& on, job what) {
  const std::lock_guard hold{lock_};
  if (threads_ == 0 && !start_thread()) return false;
  add(on, std::move(what));
  start_thread_if_useful();
  return true;
}

bool lane_pool::run_at(clock::time_point when, const std::shared_ptr<lane>& on, job what) {
  const std::lock_guard hold{lock_};
  if (threads_ == 0 && !start_thread()) return false;
  const auto at = later_.emplace(when, timed{on, std::move(what)});
  if (at == later_.begin()) wake_.notify_one();  // whoever sleeps, sleeps for too long
  return true;
}

void lane_pool::add(const std::shared_ptr<lane>& on, job what) {
  on->waiting_.push_back(std::move(what));
  if (on->is_ready_ || !on->can_run()) return;
  on->is_ready_ = true;
  ready_.push_back(on);
  wake_.notify_one();
}

void lane_pool::start_thread_if_useful() {
  // Without another thread those that there are do the work, later.
  if (ready_.size() > idle_ && threads_ < most_threads_) static_cast<void>(start_thread());
}

bool lane_pool::start_thread() {
  try {
    std::thread made{[this] { work(); }};
    pthread_setname_np(made.native_handle(), name_.c_str());
    made.detach();
  } catch (const std::system_error&) {
    return false;
  }
  ++threads_;
  return true;
}

void lane_pool::take_due() {
  const auto now = clock::now();
  while (!later_.empty() && later_.begin()->first <= now) {
    auto one = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    add(one.on, std::move(one.what));
  }
}

void lane_pool::work() {
  std::unique_lock hold{lock_};
  for (;;) {
    take_due();
    if (!ready_.empty()) {
      run_one(hold);
      continue;
    }
    ++idle_;
    const auto end = clock::now() + idle_life;
    const auto until = later_.empty() ? end : std::min(end, later_.begin()->first);
    wake_.wait_until(hold, until);
    --idle_;
    take_due();
    // The last one stays while something is due later.
    const bool wanted = !ready_.empty() || (threads_ == 1 && !later_.empty());
    if (!wanted && clock::now() >= end) break;
  }
  --threads_;
}

void lane_pool::run_one(std::unique_lock<std::mutex>& hold) {
  const auto on = std::move(ready_.front());
  ready_.pop_front();
  on->is_ready_ = false;
  auto what = std::move(on->waiting_.front());
  on->waiting_.pop_front();
  ++on->running_;
  const auto queue_again = [&] {
    if (on->is_ready_ || !on->can_run()) return;
    on->is_ready_ = true;
    ready_.push_back(on);
    wake_.notify_one();
    start_thread_if_useful();
  };
  queue_again();
  hold.unlock();
  what();
  what = nullptr;  // what it holds must not be destroyed under the lock
  hold.lock();
  --on->running_;
  queue_again();
}

}  // namespace waybill::transfer
