// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/store/job_records.hpp"

namespace waybill::core {

/// Dead letters one by one, and the jobs that work on many of them. Errors beside store_unavailable: job_not_found and
/// not_found, for a foreign id as for an unknown one.
class job_reads {
public:
  virtual ~job_reads() = default;

  virtual result<job> get_job(organization_id org, job_id id) = 0;
  virtual result<page<job>> list_jobs(organization_id org, const job_filter&, const page_request&) = 0;  ///< newest first
  /// Whose job this is, whoever asks; nothing if nobody's.
  virtual result<std::optional<organization_id>> owner_of_job(job_id id) = 0;
  /// With its attempts; not_found once it is redriven or discarded.
  virtual result<dead_letter> get_dead_letter(organization_id org, task_id id) = 0;
  /// At most `limit` dead letters behind `after` that match, having looked at no more than `walk` of the organization's.
  virtual result<dead_letter_scan> scan_dead_letters(organization_id org, const dead_letter_filter&, task_id after,
                                                     std::uint32_t limit, std::uint32_t walk) = 0;
};

class job_writes {
public:
  virtual ~job_writes() = default;

  /// conflict when the organization has `most_unfinished_jobs` already.
  virtual result<void> create_job(const job& j) = 0;
  /// Makes `owner_epoch` the owner of every running job of an older epoch, then of queued ones, oldest first, as far as there
  /// are slots; all of these are running now. Returns those that it did not own before.
  virtual result<std::vector<job>> claim_jobs(std::uint64_t owner_epoch, const job_slots& slots, utc_time now) = 0;
  /// conflict where the job's state forbids it; what changes nothing succeeds.
  virtual result<job> change_job(organization_id org, job_id id, const job_change& change, utc_time now) = 0;
  /// Handles the portion and moves the job's counts and cursor, all or nothing; completes the job behind the last portion. A
  /// dead letter of the portion that is not one any more, or died after the job was made, is skipped.
  virtual result<job_step_result> step_job(const job_step& step, utc_time now) = 0;
  /// Gives up on a running job of this epoch; nothing if it is not.
  virtual result<void> fail_job(organization_id org, job_id id, std::uint64_t owner_epoch, const std::string& why,
                                utc_time now) = 0;
  /// Removes at most `limit` jobs that finished before `before`. Returns how many.
  virtual result<std::uint64_t> sweep_jobs(utc_time before, std::uint32_t limit) = 0;
};

}  // namespace waybill::core
