// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/blocking_pool.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace waybill::core {
namespace {

constexpr std::chrono::seconds stop_patience{5};

thread_local blocking_pool::run_id run_of_thread;

}  // namespace

/// What always holds under the lock: (1) `threads` has an entry for every live thread. (2) `lost` counts those written off,
/// and only busy ones are. (3) Live threads that are not lost never exceed `size`, but for the moment in which one comes back.
struct blocking_pool::state : std::enable_shared_from_this<state> {
  struct worker {
    std::uint64_t run = 0;
    bool is_busy = false;
    bool is_lost = false;
  };

  state(std::size_t threads_, std::size_t spares_) : size(threads_ == 0 ? 1 : threads_), spares(spares_) {}

  void start_thread_if_useful();
  void work(std::uint64_t me);
  void run_one(std::unique_lock<std::mutex>& hold, std::uint64_t me);
  /// One too many: its replacement is there.
  [[nodiscard]] bool is_superfluous() const { return threads.size() - lost > size; }

  const std::size_t size;
  const std::size_t spares;
  mutable std::mutex lock;
  std::condition_variable wake;
  std::condition_variable gone;
  std::deque<job> waiting;
  std::map<std::uint64_t, worker> threads;
  std::size_t idle = 0;
  std::size_t lost = 0;
  std::uint64_t last_thread = 0;
  std::uint64_t last_run = 0;
  bool is_stopping = false;
};

void blocking_pool::state::start_thread_if_useful() {
  if (waiting.size() <= idle || threads.size() - lost >= size || threads.size() >= size + spares) return;
  const auto me = ++last_thread;
  threads.emplace(me, worker{});
  try {
    std::thread{[self = shared_from_this(), me] { self->work(me); }}.detach();
  } catch (const std::system_error&) {  // no thread to be had: the job waits for one of those that are there
    threads.erase(me);
  }
}

void blocking_pool::state::work(std::uint64_t me) {
  std::unique_lock hold{lock};
  for (;;) {
    ++idle;
    wake.wait(hold, [this] { return is_stopping || !waiting.empty(); });
    --idle;
    if (waiting.empty()) break;
    run_one(hold, me);
    if (is_superfluous()) break;
  }
  threads.erase(me);
  gone.notify_all();
}

void blocking_pool::state::run_one(std::unique_lock<std::mutex>& hold, std::uint64_t me) {
  auto next = std::move(waiting.front());
  waiting.pop_front();
  auto& mine = threads.at(me);
  mine.is_busy = true;
  mine.run = ++last_run;
  run_of_thread = {me, mine.run};
  hold.unlock();
  next();
  next = nullptr;
  hold.lock();
  run_of_thread = {};
  mine.is_busy = false;
  if (mine.is_lost) --lost;
  mine.is_lost = false;
}

blocking_pool::blocking_pool(std::size_t threads, std::size_t spares) : state_(std::make_shared<state>(threads, spares)) {}

blocking_pool::~blocking_pool() { stop(); }

void blocking_pool::stop() {
  std::unique_lock hold{state_->lock};
  if (state_->is_stopping) return;
  state_->is_stopping = true;
  state_->wake.notify_all();
  (void)state_->gone.wait_for(hold, stop_patience, [this] { return state_->threads.size() <= state_->lost; });
}

bool blocking_pool::post(job work) {
  std::lock_guard hold{state_->lock};
  if (state_->is_stopping) return false;
  state_->waiting.push_back(std::move(work));
  state_->start_thread_if_useful();
  if (state_->threads.empty()) {  // not one thread to be had
    state_->waiting.pop_back();
    return false;
  }
  state_->wake.notify_one();
  return true;
}

bool blocking_pool::run_within(std::chrono::milliseconds limit, job work) {
  struct progress {
    std::mutex lock;
    std::condition_variable changed;
    run_id run;
    bool is_done = false;
    bool is_abandoned = false;
  };
  auto at = std::make_shared<progress>();
  const bool taken = post([at, work = std::move(work)]() mutable {
    {
      std::lock_guard hold{at->lock};
      if (at->is_abandoned) return;
      at->run = current();
    }
    work();
    work = nullptr;
    std::lock_guard hold{at->lock};
    at->is_done = true;
    at->changed.notify_all();
  });
  if (!taken) return false;
  std::unique_lock hold{at->lock};
  if (at->changed.wait_for(hold, limit, [&] { return at->is_done; })) return true;
  at->is_abandoned = true;
  const auto run = at->run;
  hold.unlock();
  write_off(run);
  return false;
}

blocking_pool::run_id blocking_pool::current() { return run_of_thread; }

void blocking_pool::write_off(run_id which) {
  std::lock_guard hold{state_->lock};
  const auto found = state_->threads.find(which.thread);
  if (found == state_->threads.end()) return;
  auto& worker = found->second;
  if (!worker.is_busy || worker.is_lost || worker.run != which.run) return;
  worker.is_lost = true;
  ++state_->lost;
  state_->gone.notify_all();
  state_->start_thread_if_useful();
}

std::size_t blocking_pool::written_off() const {
  std::lock_guard hold{state_->lock};
  return state_->lost;
}

}  // namespace waybill::core
