// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace waybill::transfer {

/// One thread for what may block, started by the first job. Jobs run in order, each short (one read of the store, one
/// commit): a long one re-enqueues itself, so that others get their turn. Jobs left at the end are dropped unrun.
class worker {
public:
  explicit worker(std::string thread_name) : name_(std::move(thread_name)) {}
  ~worker() { stop(); }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  void run(std::function<void()> job);
  /// Finishes the job under way and takes no more.
  void stop();

private:
  void loop();

  std::string name_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace waybill::transfer
