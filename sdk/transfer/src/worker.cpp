// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include <pthread.h>

#include <utility>

namespace waybill::transfer {

void worker::run(std::function<void()> job) {
  const std::lock_guard lock{mutex_};
  if (stopping_) return;
  jobs_.push_back(std::move(job));
  if (!thread_.joinable()) {
    thread_ = std::thread{[this] { loop(); }};
    pthread_setname_np(thread_.native_handle(), name_.c_str());
  }
  wake_.notify_one();
}

void worker::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  jobs_.clear();
}

void worker::loop() {
  std::unique_lock lock{mutex_};
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds must not be destroyed under the lock
    lock.lock();
  }
}

}  // namespace waybill::transfer
