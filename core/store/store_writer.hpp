// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/model/time.hpp"
#include "core/store/queue_listener.hpp"
#include "core/store/store.hpp"

namespace waybill::core {

/// What the writer has done so far; read from any thread, for /metrics.
struct writer_stats {
  std::uint64_t commits = 0;
  std::uint64_t operations = 0;
  std::uint64_t failed_commits = 0;
  std::uint64_t waiting = 0;  ///< operations queued now
};

/// The store writer (architecture section 3): one plain thread with one queue. It takes everything that waits, commits it
/// as one transaction (group commit), and then calls back, in order, on its own thread; callbacks must not block and must
/// not throw. Only accepts that are refused because the store does not answer are told so by another thread. A call never
/// blocks. When a transaction cannot be committed every operation of it fails with store_unavailable and none has had an
/// effect; `record` operations are kept instead and tried again with backoff until the store is back, because an outcome that
/// was seen must not be forgotten. Order: operations of one batch run as accepts, records, then jobs; so an operation handed in
/// after another's callback sees its effect, and a claim handed in after a record does too. Jobs that would hold a transaction
/// open for long are left for the next one.
/// Bulk jobs, whose time lies in their bytes or rows, go in an order and in transactions of their own: whoever accepts a
/// delivery waits for one such transaction at most, and its length is held at `bulk_time`.
class store_writer {
public:
  using accept_callback = std::function<void(result<accept_result>)>;
  using record_callback = std::function<void(result<record_result>)>;
  /// Runs inside the transaction on the writer thread; a failed result undoes this job alone.
  using job = std::function<result<void>(write_session&)>;
  using job_callback = std::function<void(result<void>)>;
  /// Called once after the callbacks of a batch: the place to flush what they gathered.
  using batch_end = std::function<void()>;
  /// Called before the callbacks of a batch that changed what goes of its ordering keys.
  using order_listener = std::function<void(order_changes)>;

  struct options {
    /// Accepts per transaction: at some 30 us each it is over in 15 ms, which whoever comes meanwhile has to wait.
    std::size_t max_batch = 500;
    std::size_t max_waiting = 200'000;  ///< accepts beyond that are refused with queue_full
    /// A commit begins at the earliest this long after the one before ended, unless `enough` operations wait, so that under
    /// load more share its fixed cost. An operation that comes when the writer has been idle longer is not held up.
    std::chrono::microseconds min_commit_interval{0};
    /// Bulk jobs go while nothing else waits; at the latest this long after something else went before them.
    milliseconds bulk_patience{10};
    /// How long a transaction of bulk jobs should take, its commit included: their number follows from what the last ones took.
    milliseconds bulk_time{5};
    std::size_t enough = 32;  ///< from here on the fixed cost (some 90 us) is a small part of each operation's
    /// The interval is kept after a transaction of so many operations only: where fewer come they would wait for nobody.
    std::size_t busy = 0;
    /// How long stop() goes on trying to write records that a failing store has not taken.
    milliseconds stop_patience{2'000};
    /// Accepts that have not begun are refused with store_unavailable once the transaction before them has taken so long: its
    /// store does not answer, and their clients should not wait for it. 0: they wait.
    milliseconds refuse_after{0};
    queue_listener* listener = nullptr;  ///< outlives the writer; may be none
  };

  store_writer(std::unique_ptr<write_session> session, const clock& time, options settings, batch_end on_batch_end = {},
               order_listener on_order_changes = {});
  ~store_writer();  ///< stop()
  store_writer(const store_writer&) = delete;
  store_writer& operator=(const store_writer&) = delete;

  void accept(new_delivery delivery, accept_callback done);
  void record(attempt_record record, record_callback done);
  void run(job work, job_callback done);
  /// For what may wait a little: a chunk of an upload, a step of a sweep.
  void run_bulk(job work, job_callback done);

  /// Commits what waits, calls back, joins. Later calls fail with shutting_down, at once on the caller's thread. Records that
  /// the store does not take for `stop_patience` fail with store_unavailable.
  void stop();
  [[nodiscard]] bool healthy() const;  ///< the last commit succeeded, and the one under way does not take too long
  [[nodiscard]] writer_stats stats() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::core
