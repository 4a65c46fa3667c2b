// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/sqlite/dead_letter_reader.hpp"
#include "core/store/sqlite/job_reader.hpp"
#include "core/store/sqlite/outcome_writer.hpp"

namespace waybill::core::sqlite {

/// Writes jobs and does their steps (job_writes). Runs inside the writer's transaction.
class job_writer {
public:
  job_writer(database& db, job_reader& jobs, dead_letter_reader& dead_letters, outcome_writer& outcomes);

  result<void> create(const job& j);
  result<std::vector<job>> claim(std::uint64_t owner_epoch, const job_slots& slots, utc_time now);
  result<job> change(organization_id org, job_id id, const job_change& change, utc_time now);
  result<job_step_result> step(const job_step& step, utc_time now);
  result<void> fail_job(organization_id org, job_id id, std::uint64_t owner_epoch, const std::string& why, utc_time now);
  result<std::uint64_t> sweep(utc_time before, std::uint32_t limit);

private:
  result<std::vector<dead_row>> still_dead(const job& j, const std::vector<dead_letter_key>& keys);
  /// Does the work and returns how many it was done to.
  result<std::uint64_t> work_on(const job& j, const std::vector<dead_row>& dead, utc_time now, std::vector<task>& revived);
  /// All that changes in the life of a job.
  result<void> save(const job& j);

  job_reader& jobs_;
  dead_letter_reader& dead_letters_;
  outcome_writer& outcomes_;
  statement count_unfinished_;
  statement create_;
  statement running_or_queued_;
  statement save_;
  statement sweep_;
};

}  // namespace waybill::core::sqlite
