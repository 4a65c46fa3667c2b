// SPDX-License-Identifier: Apache-2.0
#include "core/store/store_readers.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/telemetry/thread_name.hpp"

namespace waybill::core {

struct store_readers::state {
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<work> queue;
  std::deque<work> later;
  std::size_t made_way = 0;  ///< turns that `later` has let go by in a row
  bool stopped = false;
  std::vector<std::thread> threads;

  /// Nothing once stopped and empty. What was still waiting then comes with `aborted` set.
  bool next(work& item, bool& aborted) {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return stopped || !queue.empty() || !later.empty(); });
    if (queue.empty() && later.empty()) return false;
    auto& from = is_turn_of_later() ? later : queue;
    made_way = &from == &later || later.empty() ? 0 : made_way + 1;
    item = std::move(from.front());
    from.pop_front();
    aborted = stopped;
    return true;
  }
  [[nodiscard]] bool is_turn_of_later() const {
    constexpr std::size_t most_made_way = 8;
    return queue.empty() || (!later.empty() && made_way >= most_made_way);
  }

  void add(std::deque<work>& to, work item) {
    {
      const std::lock_guard lock(mutex);
      if (!stopped) {
        to.push_back(std::move(item));
        item = nullptr;
      }
    }
    if (item)
      item(nullptr);
    else
      wake.notify_one();
  }

  void serve(read_session& session) {
    work item;
    bool aborted = false;
    while (next(item, aborted)) {
      item(aborted ? nullptr : &session);
      item = nullptr;  // what it holds must not live on until the next one
    }
  }
};

store_readers::store_readers() : state_(std::make_unique<state>()) {}

store_readers::~store_readers() { stop(); }

result<std::unique_ptr<store_readers>> store_readers::start(store& from, std::size_t threads) {
  std::unique_ptr<store_readers> pool(new store_readers());
  std::vector<std::unique_ptr<read_session>> sessions;
  for (std::size_t i = 0; i < threads; ++i) {
    auto session = from.open_reader();
    if (!session) return fail(session.error());
    sessions.push_back(std::move(*session));
  }
  for (auto& session : sessions)
    pool->state_->threads.emplace_back([s = pool->state_.get(), mine = std::move(session)] {
      name_this_thread("store-reader");
      s->serve(*mine);
    });
  return pool;
}

void store_readers::run(work item) { state_->add(state_->queue, std::move(item)); }
void store_readers::run_later(work item) { state_->add(state_->later, std::move(item)); }

void store_readers::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
  }
  state_->wake.notify_all();
  for (auto& thread : state_->threads)
    if (thread.joinable()) thread.join();
}

std::size_t store_readers::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queue.size() + state_->later.size();
}

}  // namespace waybill::core
