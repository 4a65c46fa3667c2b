// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/job_writer.hpp"

namespace waybill::core::sqlite {

// Running ones first, so that the slots they hold are known; both oldest first. The bound is far beyond what has slots.
job_writer::job_writer(database& db, job_reader& jobs, dead_letter_reader& dead_letters, outcome_writer& outcomes)
    : jobs_(jobs),
      dead_letters_(dead_letters),
      outcomes_(outcomes),
      count_unfinished_(db, "SELECT count(*) FROM jobs WHERE organization_id = ?1 AND finished_at IS NULL"),
      create_(db, std::string("INSERT INTO jobs (") + job_columns +
                      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"),
      running_or_queued_(db, std::string("SELECT ") + job_columns +
                                 " FROM jobs WHERE finished_at IS NULL AND state IN (1, 2) ORDER BY state DESC, id LIMIT 1000"),
      save_(db,
            "UPDATE jobs SET state = ?2, rate_per_second = ?3, done = ?4, skipped = ?5, cursor = ?6, owner_epoch = ?7, "
            "updated_at = ?8, finished_at = ?9, last_error = ?10 WHERE id = ?1"),
      sweep_(db, "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at < ?1 LIMIT ?2)") {}

result<void> job_writer::create(const job& j) {
  auto unfinished = count_unfinished_.query(j.organization);
  if (!unfinished.next()) return fail(unfinished.failure());
  if (unfinished.number<std::uint32_t>(0) >= most_unfinished_jobs) return too_many_jobs();
  const auto cursor = j.cursor.is_nil() ? std::nullopt : std::optional(j.cursor);
  auto made = create_.run(j.id, j.organization, j.created_by, j.work, to_json(j.filter).dump(), j.state, j.rate_per_second,
                          j.total, j.done, j.skipped, cursor, j.owner_epoch, j.created_at, j.updated_at, j.finished_at,
                          text_or_null{j.last_error});
  if (!made) return fail(made.error());
  return {};
}

result<std::vector<job>> job_writer::claim(std::uint64_t owner_epoch, const job_slots& slots, utc_time now) {
  std::vector<job> unfinished;
  {
    auto found = running_or_queued_.query();
    while (found.next()) {
      auto one = job_from(found);
      if (!one) return fail(one.error());
      unfinished.push_back(std::move(*one));
    }
    if (found.failed()) return fail(found.failure());
  }
  auto chosen = choose_jobs(unfinished, owner_epoch, slots);
  for (auto& j : chosen) {
    j.updated_at = now;
    if (auto saved = save(j); !saved) return fail(saved.error());
  }
  return chosen;
}

result<job> job_writer::change(organization_id org, job_id id, const job_change& change, utc_time now) {
  auto j = jobs_.get(org, id);
  if (!j) return j;
  auto changed = apply(*j, change, now);
  if (!changed) return fail(changed.error());
  if (*changed)
    if (auto saved = save(*j); !saved) return fail(saved.error());
  return j;
}

result<job_step_result> job_writer::step(const job_step& step, utc_time now) {
  job_step_result answer;
  auto found = jobs_.get(step.organization, step.id);
  if (!found) return fail(found.error());
  auto& j = answer.after = std::move(*found);
  if (!may_step(j, step)) return answer;
  auto dead = still_dead(j, step.portion.found);
  if (!dead) return fail(dead.error());
  auto worked = work_on(j, *dead, now, answer.revived);
  if (!worked) return fail(worked.error());
  advance(j, step, *worked, now);
  if (auto saved = save(j); !saved) return fail(saved.error());
  answer.applied = true;
  return answer;
}

result<std::vector<dead_row>> job_writer::still_dead(const job& j, const std::vector<dead_letter_key>& keys) {
  std::vector<dead_row> dead;
  for (const auto& key : keys) {
    auto row = dead_letters_.find(j.organization, key, j.created_at);
    if (!row) return fail(row.error());
    if (*row) dead.push_back(**row);
  }
  return dead;
}

result<std::uint64_t> job_writer::work_on(const job& j, const std::vector<dead_row>& dead, utc_time now,
                                          std::vector<task>& revived) {
  if (j.work == job_work::discard) {
    if (auto done = outcomes_.discard(dead, now); !done) return fail(done.error());
    return dead.size();
  }
  auto back = outcomes_.redrive(j.organization, dead, j.owner_epoch, now);
  if (!back) return fail(back.error());
  revived = std::move(*back);
  return revived.size();
}

result<void> job_writer::fail_job(organization_id org, job_id id, std::uint64_t owner_epoch, const std::string& why,
                                  utc_time now) {
  auto j = jobs_.get(org, id);
  if (!j) return fail(j.error());
  if (j->state != job_state::running || j->owner_epoch != owner_epoch) return {};
  j->state = job_state::failed;
  j->last_error = why;
  j->finished_at = j->updated_at = now;
  return save(*j);
}

result<void> job_writer::save(const job& j) {
  const auto cursor = j.cursor.is_nil() ? std::nullopt : std::optional(j.cursor);
  auto saved = save_.run(j.id, j.state, j.rate_per_second, j.done, j.skipped, cursor, j.owner_epoch, j.updated_at,
                         j.finished_at, text_or_null{j.last_error});
  if (!saved) return fail(saved.error());
  return {};
}

result<std::uint64_t> job_writer::sweep(utc_time before, std::uint32_t limit) {
  auto swept = sweep_.run(before, limit);
  if (!swept) return fail(swept.error());
  return static_cast<std::uint64_t>(*swept);
}

}  // namespace waybill::core::sqlite
