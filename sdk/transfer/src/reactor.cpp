// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/reactor.hpp>

#include <pthread.h>

#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "loop.hpp"
#include "worker.hpp"

namespace waybill::transfer {
namespace {

/// What other threads want of the reactor thread.
struct orders {
  std::vector<std::unique_ptr<exchange>> submitted;
  std::vector<std::uint64_t> canceled;
  std::vector<std::function<void()>> jobs;

  [[nodiscard]] bool empty() const { return submitted.empty() && canceled.empty() && jobs.empty(); }
  void clear() {
    submitted.clear();
    canceled.clear();
    jobs.clear();
  }
};

}  // namespace

class reactor::state {
public:
  explicit state(const reactor_options& options)
      : ready_(initialize()),
        blocking_(options.thread_name + "-w"),
        loop_(
            options, [this](std::function<void()> job) { blocking_.run(std::move(job)); },
            [this](std::function<void()> job) { order([&](orders& o) { o.jobs.push_back(std::move(job)); }); }) {
    thread_ = std::thread{[this] { run(); }};
    pthread_setname_np(thread_.native_handle(), options.thread_name.c_str());
  }

  ~state() {
    blocking_.stop();
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    loop_.wake();
    thread_.join();
  }

  /// A wake-up is a system call: only for a thread that sleeps, and only the first time.
  template <class Give>
  void order(Give give) {
    bool wakes = false;
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) return;
      give(waiting_);
      wakes = std::exchange(asleep_, false);
    }
    if (wakes) loop_.wake();
  }
  worker& blocking() { return blocking_; }

private:
  void run() {
    orders mine;
    for (;;) {
      {
        const std::lock_guard lock{mutex_};
        asleep_ = false;
        if (stopping_) break;
        std::swap(mine, waiting_);
      }
      carry_out(mine);
      loop_.start_some();
      loop_.work();
      loop_.wait(may_sleep());
    }
    abandon();
  }

  // Submissions first: a cancellation in the same batch is of one of them or of an earlier one.
  void carry_out(orders& mine) {
    for (auto& what : mine.submitted) loop_.submit(std::move(what));
    for (const auto id : mine.canceled) loop_.cancel(id);
    for (const auto& job : mine.jobs) job();
    mine.clear();
  }

  [[nodiscard]] bool may_sleep() {
    const std::lock_guard lock{mutex_};
    asleep_ = waiting_.empty() && !loop_.has_line() && !stopping_;
    return asleep_;
  }

  void abandon() {
    loop_.cancel_all();
    outcome canceled;
    canceled.how = ending::canceled;
    canceled.detail = "shutting down";
    for (auto& what : waiting_.submitted) {
      auto* const self = what.get();
      self->finished(std::move(what), canceled);
    }
  }

  [[maybe_unused]] bool ready_;  ///< first: libcurl is set up before the loop makes its handle
  worker blocking_;
  std::mutex mutex_;
  orders waiting_;         ///< guarded
  bool asleep_ = false;    ///< guarded: in a wait that only a wake-up ends
  bool stopping_ = false;  ///< guarded
  loop loop_;
  std::thread thread_;
};

reactor::reactor(reactor_options options) : state_(std::make_unique<state>(options)) {}
reactor::~reactor() = default;

void reactor::submit(std::unique_ptr<exchange> what) {
  state_->order([&](orders& o) { o.submitted.push_back(std::move(what)); });
}

void reactor::cancel(std::uint64_t id) {
  state_->order([&](orders& o) { o.canceled.push_back(id); });
}

void reactor::post(std::function<void()> job) {
  state_->order([&](orders& o) { o.jobs.push_back(std::move(job)); });
}

void reactor::offload(std::function<void()> job) { state_->blocking().run(std::move(job)); }

}  // namespace waybill::transfer
