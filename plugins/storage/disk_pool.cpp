// SPDX-License-Identifier: Apache-2.0
#include "disk_pool.hpp"

#include <pthread.h>

#include <thread>
#include <utility>

namespace waybill::storage {
namespace {

// They wait more than they work: a disk takes several flushes together.
constexpr std::size_t threads = 8;

}  // namespace

disk_pool& disk_pool::instance() {
  static auto* const pool = new disk_pool;
  return *pool;
}

disk_pool::disk_pool() {
  for (std::size_t i = 0; i < threads; ++i) {
    std::thread one{[this] { work(); }};
    pthread_setname_np(one.native_handle(), "wb-storage-d");
    one.detach();
  }
}

void disk_pool::run(std::function<void()> job) {
  {
    const std::lock_guard lock{mutex_};
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void disk_pool::work() {
  for (;;) {
    std::unique_lock lock{mutex_};
    wake_.wait(lock, [this] { return !jobs_.empty(); });
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    try {
      job();
    } catch (...) {
      // What it held is dropped: a completion among it answers for itself.
    }
    job = nullptr;
  }
}

}  // namespace waybill::storage
