// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace waybill::api {

/// Something to be done on a lane's thread, once.
class lane_task {
public:
  virtual ~lane_task() = default;
  virtual void run() = 0;
};

/// The way back from the service's threads to the thread that owns a request's connection. Answers come in bursts (one commit
/// answers many requests), so tasks are collected under a lock and the thread is woken once for all that wait.
///
/// Made by a lane, kept alive by it and by every reply still out; a reply that comes after the lane's end falls into a closed
/// outbox. `push` from any thread; the rest on the lane's thread.
class outbox {
public:
  using wake_function = std::function<void()>;  ///< makes the lane's thread call `drain`

  explicit outbox(wake_function wake);
  void push(std::unique_ptr<lane_task> task);
  void drain();
  /// What waits is dropped, and everything that comes later. After it returned, `wake` is not called again.
  void close();

private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<lane_task>> waiting_;
  bool awake_ = false;  ///< drain is on its way
  bool closed_ = false;
  wake_function wake_;
  std::vector<std::unique_ptr<lane_task>> running_;  ///< the lane's thread only: keeps its capacity between bursts
};

}  // namespace waybill::api
