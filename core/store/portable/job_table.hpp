// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/store/job_codec.hpp"
#include "core/store/paging.hpp"

namespace waybill::core::portable {

/// Jobs: made, claimed, changed, and done step by step. `Engine` names the engine's connection, statement and rows. Writes run
/// inside the writer's transaction.
template <class Engine>
class job_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;

  // Claimable: running ones first, so that the slots they hold are known; both oldest first. Far more than have slots.
  explicit job_table(connection& db)
      : one_(db, select() + "WHERE id = $1 AND organization_id = $2"),
        list_(db, select() +
                      "WHERE organization_id = $1 AND id < $2 AND ($3 = 0 OR work = $3) AND ($4 = 0 OR state = $4) "
                      "ORDER BY id DESC LIMIT $5"),
        owner_(db, "SELECT organization_id FROM jobs WHERE id = $1"),
        claimable_(db, select() + "WHERE finished_at IS NULL AND state IN (1, 2) ORDER BY state DESC, id LIMIT 1000"),
        unfinished_(db, "SELECT count(*) FROM jobs WHERE organization_id = $1 AND finished_at IS NULL"),
        create_(db, std::string("INSERT INTO jobs (") + job_columns +
                        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"),
        save_(db,
              "UPDATE jobs SET state = $1, rate_per_second = $2, done = $3, skipped = $4, cursor = $5, owner_epoch = $6, "
              "updated_at = $7, finished_at = $8, last_error = $9 WHERE id = $10"),
        sweep_(db, "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at < $1 LIMIT $2)") {}

  result<job> get(organization_id org, job_id id) {
    auto found = one_.query(id, org);
    if (found.next()) return job_from(found);
    if (found.failed()) return fail(found.failure());
    return no_such_job();
  }
  result<page<job>> list(organization_id org, const job_filter& filter, const page_request& request);
  result<std::optional<organization_id>> owner_of(job_id id);

  result<void> create(const job& j);
  result<std::vector<job>> claim(std::uint64_t owner_epoch, const job_slots& slots, utc_time now);
  result<job> change(organization_id org, job_id id, const job_change& change, utc_time now);
  /// `letters` finds those of the portion that are dead still, `outcomes` redrives and discards them.
  template <class Letters, class Outcomes>
  result<job_step_result> step(const job_step& step, Letters& letters, Outcomes& outcomes, utc_time now);
  result<void> give_up(organization_id org, job_id id, std::uint64_t owner_epoch, const std::string& why, utc_time now);
  result<std::uint64_t> sweep(utc_time before, std::uint32_t limit) {
    auto swept = sweep_.run(before, limit);
    if (!swept) return fail(swept.error());
    return static_cast<std::uint64_t>(*swept);
  }

private:
  static std::string select() { return std::string("SELECT ") + job_columns + " FROM jobs "; }
  static std::optional<task_id> cursor_of(const job& j) {
    return j.cursor.is_nil() ? std::nullopt : std::optional<task_id>(j.cursor);
  }
  /// All that changes in the life of a job.
  result<void> save(const job& j);

  statement one_;
  statement list_;
  statement owner_;
  statement claimable_;
  statement unfinished_;
  statement create_;
  statement save_;
  statement sweep_;
};

template <class Engine>
result<page<job>> job_table<Engine>::list(organization_id org, const job_filter& filter, const page_request& request) {
  const auto before = read_cursor_or(cursor_kind::jobs, request.cursor, highest_id());
  if (!before) return fail(before.error());
  const auto work = filter.work ? static_cast<int>(*filter.work) : 0;
  const auto state = filter.state ? static_cast<int>(*filter.state) : 0;
  return paginate<job>(list_.query(org, *before, work, state, request.limit + 1), cursor_kind::jobs, request.limit,
                       job_from<rows>);
}

template <class Engine>
result<std::optional<organization_id>> job_table<Engine>::owner_of(job_id id) {
  auto found = owner_.query(id);
  std::optional<organization_id> owner;
  if (found.next()) owner = found.template id<organization_id>(0);
  if (found.failed()) return fail(found.failure());
  return owner;
}

template <class Engine>
result<void> job_table<Engine>::create(const job& j) {
  {
    auto unfinished = unfinished_.query(j.organization);
    if (!unfinished.next()) return fail(unfinished.failure());
    if (unfinished.template number<std::uint32_t>(0) >= most_unfinished_jobs) return too_many_jobs();
  }
  auto made = create_.run(j.id, j.organization, j.created_by, j.work, to_json(j.filter).dump(), j.state, j.rate_per_second,
                          j.total, j.done, j.skipped, cursor_of(j), j.owner_epoch, j.created_at, j.updated_at, j.finished_at,
                          typename Engine::text_or_null{j.last_error});
  if (!made) return fail(made.error());
  return {};
}

template <class Engine>
result<void> job_table<Engine>::save(const job& j) {
  auto saved = save_.run(j.state, j.rate_per_second, j.done, j.skipped, cursor_of(j), j.owner_epoch, j.updated_at,
                         j.finished_at, typename Engine::text_or_null{j.last_error}, j.id);
  if (!saved) return fail(saved.error());
  return {};
}

template <class Engine>
result<std::vector<job>> job_table<Engine>::claim(std::uint64_t owner_epoch, const job_slots& slots, utc_time now) {
  std::vector<job> claimable;
  {
    auto found = claimable_.query();
    while (found.next()) {
      auto one = job_from(found);
      if (!one) return fail(one.error());
      claimable.push_back(std::move(*one));
    }
    if (found.failed()) return fail(found.failure());
  }
  auto chosen = choose_jobs(claimable, owner_epoch, slots);
  for (auto& j : chosen) {
    j.updated_at = now;
    if (auto saved = save(j); !saved) return fail(saved.error());
  }
  return chosen;
}

template <class Engine>
result<job> job_table<Engine>::change(organization_id org, job_id id, const job_change& change, utc_time now) {
  auto j = get(org, id);
  if (!j) return j;
  auto changed = apply(*j, change, now);
  if (!changed) return fail(changed.error());
  if (*changed)
    if (auto saved = save(*j); !saved) return fail(saved.error());
  return j;
}

template <class Engine>
template <class Letters, class Outcomes>
result<job_step_result> job_table<Engine>::step(const job_step& step, Letters& letters, Outcomes& outcomes, utc_time now) {
  job_step_result answer;
  auto found = get(step.organization, step.id);
  if (!found) return fail(found.error());
  auto& j = answer.after = std::move(*found);
  if (!may_step(j, step)) return answer;
  auto dead = letters.find(j.organization, step.portion.found, j.created_at);
  if (!dead) return fail(dead.error());
  std::uint64_t done = dead->size();
  if (j.work == job_work::discard) {
    if (auto gone = outcomes.discard(*dead, now); !gone) return fail(gone.error());
  } else {
    auto back = outcomes.redrive(j.organization, *dead, j.owner_epoch, now);
    if (!back) return fail(back.error());
    answer.revived = std::move(*back);
    done = answer.revived.size();
  }
  advance(j, step, done, now);
  if (auto saved = save(j); !saved) return fail(saved.error());
  answer.applied = true;
  return answer;
}

template <class Engine>
result<void> job_table<Engine>::give_up(organization_id org, job_id id, std::uint64_t owner_epoch, const std::string& why,
                                        utc_time now) {
  auto j = get(org, id);
  if (!j) return fail(j.error());
  if (j->state != job_state::running || j->owner_epoch != owner_epoch) return {};
  j->state = job_state::failed;
  j->last_error = why;
  j->finished_at = j->updated_at = now;
  return save(*j);
}

}  // namespace waybill::core::portable
