// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace waybill::core {

/// A bounded pool of threads for calls into plugins that may wait. Threads start when there is work. A thread whose job has
/// outlived its purpose (its call was cancelled, its time limit passed) is written off: it counts no more against the bound
/// and another may take its place, so that plugins that hang cost threads and not the others' turn. There is a limit to
/// that too: `spares`. A thread that comes back after all goes home if it is one too many. Thread-safe.
class blocking_pool {
public:
  using job = std::function<void()>;
  /// One run of one job.
  struct run_id {
    std::uint64_t thread = 0;  ///< 0: none
    std::uint64_t run = 0;
  };

  explicit blocking_pool(std::size_t threads, std::size_t spares = 64);
  ~blocking_pool();  ///< stop()
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  /// Never blocks. False when the pool has stopped: the job will not run.
  [[nodiscard]] bool post(job work);
  /// Waits up to `limit` for the job to have run. False if it has not: a job that has begun may still end, its thread is
  /// written off; one that has not never will.
  [[nodiscard]] bool run_within(std::chrono::milliseconds limit, job work);
  /// Runs what waits, then stops. Waits for threads that work, up to five seconds, and not for those written off: a plugin
  /// that hangs must not keep the process from ending. Not from one of its own threads. Again: does nothing.
  void stop();
  /// The run the calling thread is in; none outside a pool.
  [[nodiscard]] static run_id current();
  /// Nobody waits for that run any more. Nothing happens if it is over.
  void write_off(run_id which);
  [[nodiscard]] std::size_t written_off() const;

private:
  struct state;
  std::shared_ptr<state> state_;  ///< shared with the threads, which are detached and may outlive the pool
};

}  // namespace waybill::core
