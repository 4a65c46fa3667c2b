// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/engine_context.hpp"
#include "actors/key_ring.hpp"

namespace waybill::actors {

/// The node's regular small work, asked for by the scheduler every few seconds: idempotency rows past their window, jobs that
/// ended a month ago and payloads that nobody needs are swept, the times keys were last used are written, and the reconciler's
/// figures and the queue's are read for /metrics. `run` never blocks: the work happens on the store's threads.
class housekeeping {
public:
  housekeeping(engine_context& context, key_ring& keys);
  void run();

private:
  void sweep();
  void read_figures();
  [[nodiscard]] std::vector<core::metrics::sample> samples() const;

  /// Shared with the collector and with work on reader threads, both of which may outlive a stopping engine.
  struct figures {
    std::mutex mutex;
    core::reconciliation totals;
    bool known = false;
    core::mono_time not_before;
    core::mono_time::duration took{0};  ///< by the last count
  };

  engine_context& context_;
  key_ring& keys_;
  std::shared_ptr<figures> figures_;
  std::shared_ptr<std::atomic<bool>> sweeping_rows_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<bool>> sweeping_payloads_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace waybill::actors
