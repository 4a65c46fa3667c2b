// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace waybill::transfer {

/// Threads for libraries that block, shared by all destinations of a plugin: bounded in all, and a destination (a lane) never
/// runs more jobs at once than its width, so that one that hangs cannot take all. Lanes with waiting jobs take turns. Threads
/// are made when there is work for them and end after a while without; they are never joined, because the engine does not
/// unload plugins: make one pool per plugin and leave it. Thread-safe.
class lane_pool {
public:
  class lane;
  using job = std::function<void()>;

  lane_pool(std::string thread_name, std::size_t most_threads);
  lane_pool(const lane_pool&) = delete;
  lane_pool& operator=(const lane_pool&) = delete;

  [[nodiscard]] std::shared_ptr<lane> open(std::size_t width);
  /// False if the job cannot be run, because no thread can be had; it is not kept then. A job must not throw.
  [[nodiscard]] bool run(const std::shared_ptr<lane>& on, job what);
  /// Once the time has come the job waits in its lane as any other. The same answer as run.
  [[nodiscard]] bool run_at(std::chrono::steady_clock::time_point when, const std::shared_ptr<lane>& on, job what);

private:
  void add(const std::shared_ptr<lane>& on, job what);
  void take_due();
  void start_thread_if_useful();
  [[nodiscard]] bool start_thread();
  void work();
  void run_one(std::unique_lock<std::mutex>& hold);

  const std::string name_;
  const std::size_t most_threads_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<lane>> ready_;  ///< each has a waiting job and room for it, and stands here once
  struct timed {
    std::shared_ptr<lane> on;
    job what;
  };
  std::multimap<std::chrono::steady_clock::time_point, timed> later_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
};

}  // namespace waybill::transfer
