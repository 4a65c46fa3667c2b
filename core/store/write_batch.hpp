// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "core/store/store_writer.hpp"

namespace waybill::core {

/// Operations that were handed in together, with room for their answers. The store writer fills one under its lock, takes
/// parts of it over, and runs those on its thread. Parallel vectors, because a session takes whole vectors of each kind.
struct write_batch {
  struct job_operation {
    store_writer::job work;
    store_writer::job_callback done;
  };

  std::vector<new_delivery> deliveries;
  std::vector<store_writer::accept_callback> accept_done;
  std::vector<attempt_record> records;
  std::vector<store_writer::record_callback> record_done;
  std::deque<job_operation> jobs;
  std::deque<job_operation> bulk;  ///< waits here, in the writer's inbox; runs as `jobs` of a batch without anything else
  std::vector<store_writer::accept_callback> refused;  ///< never run: the queue was full

  std::vector<result<accept_result>> accepted;
  std::vector<result<record_result>> recorded;
  std::vector<result<void>> job_results;  ///< of the jobs that ran; those behind them wait for the next batch
  /// Its commit failed, and the session must be asked what became of it (write_session::was_committed). If it was carried
  /// out, the answers are valid.
  bool in_doubt = false;

  /// But for `bulk`, which has its own turn.
  [[nodiscard]] bool empty() const { return deliveries.empty() && records.empty() && jobs.empty() && refused.empty(); }
  [[nodiscard]] std::size_t size() const { return deliveries.size() + records.size() + jobs.size(); }

  /// Moves everything here, but no more than `most_accepts` accepts; which, is fair to every organization (fair_pick.hpp).
  void take_from(write_batch& inbox, std::size_t most_accepts);
  void take_accepts(write_batch& inbox);
  /// The first of the bulk jobs, `most` of them.
  void take_bulk(write_batch& inbox, std::size_t most);
  /// The bulk jobs behind the first `ran` go back, in front of those that came since.
  void return_bulk(write_batch& inbox, std::size_t ran);
  /// Bulk jobs as well.
  void take_accepts_and_jobs(write_batch& inbox);
  /// Records that could not be written go back, in front of those that came since.
  void return_records(write_batch& inbox);

  /// What the accepts and records that have an answer did to the queue.
  void tell(queue_listener& listener) const;
  void fail_accepts_and_jobs(const error& why);
  void fail_records(const error& why);
  /// Calls back all that has an answer, in order, and forgets it.
  void answer();
};

/// Runs the batch as one transaction and fills the answers. store_unavailable: nothing happened, no answer is valid. Should
/// the accepts or records be refused together for another reason, they are run again one by one, so that one that the store
/// cannot take fails alone. A job runs once at most.
[[nodiscard]] result<void> run_batch(write_batch& batch, write_session& session, const clock& time);

}  // namespace waybill::core
