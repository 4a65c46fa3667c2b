// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/store/job_records.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core {

/// A filter as JSON, by the names that the API gives its members; what is not set is left out. So it is stored and shown.
[[nodiscard]] nlohmann::json to_json(const dead_letter_filter& filter);
/// internal_error for a text that to_json did not make.
[[nodiscard]] result<dead_letter_filter> dead_letter_filter_from(std::string_view json);

inline constexpr const char* job_columns =
    "id, organization_id, created_by, work, filter, state, rate_per_second, total, done, skipped, cursor, owner_epoch, "
    "created_at, updated_at, finished_at, last_error";
/// `Row` as in row_codec.hpp. internal_error when the filter cannot be read.
template <class Row>
[[nodiscard]] result<job> job_from(const Row& row) {
  auto filter = dead_letter_filter_from(row.bytes(4));
  if (!filter) return fail(filter.error());
  job j;
  j.id = row.template id<job_id>(0);
  j.organization = row.template id<organization_id>(1);
  j.created_by = row.template id<key_id>(2);
  j.work = row.template number<job_work>(3);
  j.filter = std::move(*filter);
  j.state = row.template number<job_state>(5);
  j.rate_per_second = row.template number<std::uint32_t>(6);
  j.total = row.template number<std::uint64_t>(7);
  j.done = row.template number<std::uint64_t>(8);
  j.skipped = row.template number<std::uint64_t>(9);
  if (!row.is_null(10)) j.cursor = row.template id<task_id>(10);
  j.owner_epoch = row.template number<std::uint64_t>(11);
  j.created_at = row.time(12);
  j.updated_at = row.time(13);
  j.finished_at = row.maybe_time(14);
  j.last_error = row.text(15);
  return j;
}

/// What `change` makes of the job, in place; conflict where its state forbids it. False when it changes nothing.
[[nodiscard]] result<bool> apply(job& j, const job_change& change, utc_time now);

/// Which of the running and queued jobs, oldest first, this epoch takes over within its slots (job_writes::claim_jobs).
[[nodiscard]] std::vector<job> choose_jobs(const std::vector<job>& unfinished, std::uint64_t owner_epoch,
                                           const job_slots& slots);

/// Whether the step is still this epoch's to do, and was not done before.
[[nodiscard]] bool may_step(const job& j, const job_step& step);
/// The job behind the step, which was done to `done` of its portion.
void advance(job& j, const job_step& step, std::uint64_t done, utc_time now);

/// The filter of a job as it counts: no dead letter that died after the job was made.
[[nodiscard]] dead_letter_filter bounded_filter(const job& j);

/// What a scan of at most `limit` rows behind `after` came to; `end` is where it stopped looking, nothing at the very end.
template <class Rows>
[[nodiscard]] dead_letter_scan portion_of(const Rows& rows, task_id after, std::optional<task_id> end, std::uint32_t limit) {
  dead_letter_scan portion;
  portion.reached = after;
  for (const auto& row : rows) {
    portion.found.push_back({row.key.destination, row.key.delivery, row.key.task});
    portion.reached = row.key.task;
  }
  if (rows.size() >= limit) return portion;
  portion.last = !end;
  if (end) portion.reached = *end;
  return portion;
}

[[nodiscard]] tl::unexpected<error> no_such_job();
[[nodiscard]] tl::unexpected<error> too_many_jobs();
[[nodiscard]] tl::unexpected<error> no_such_dead_letter();

}  // namespace waybill::core
