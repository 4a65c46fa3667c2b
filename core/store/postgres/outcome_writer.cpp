// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/outcome_writer.hpp"

#include <algorithm>

#include "core/queue/task_rank.hpp"

namespace waybill::core::postgres {
namespace {

// The log keeps what the delivery's row says of the payload. A cancelled task has the category of no failure (1).
std::string cancel_sql(const char* which) {
  return std::string("WITH gone AS (DELETE FROM delivery_queue WHERE ") + which +
         " RETURNING destination_id, delivery_id, task_id, organization_id, priority, attempts, total_attempts, created_at, "
         "due_at, deliver_by, owner_epoch, rank, ordering_key), "
         "logged AS (INSERT INTO delivery_logs (destination_id, delivery_id, task_id, organization_id, status, attempts, "
         "total_attempts, created_at, finished_at, category, payload_size, payload_sha256, correlation_id) "
         "SELECT g.destination_id, g.delivery_id, g.task_id, g.organization_id, 6, g.attempts, g.total_attempts, g.created_at, "
         "$2, 1, d.size, d.sha256, d.correlation_id FROM gone g "
         "JOIN deliveries d ON d.organization_id = g.organization_id AND d.id = g.delivery_id) "
         "SELECT * FROM gone ORDER BY task_id";
}

task cancelled_task_from(const rows& row) {
  task t;
  t.destination = row.id<destination_id>(0);
  t.delivery = row.id<delivery_id>(1);
  t.id = row.id<task_id>(2);
  t.organization = row.id<organization_id>(3);
  t.priority = row.number<std::uint8_t>(4);
  t.attempts = row.number<std::uint32_t>(5);
  t.total_attempts = row.number<std::uint32_t>(6);
  t.created_at = row.time(7);
  t.due_at = row.time(8);
  t.deliver_by = row.maybe_time(9);
  t.owner_epoch = row.number<std::uint64_t>(10);
  t.rank = row.integer(11);
  t.status = task_status::cancelled;
  return t;
}

result<void> collect(rows found, std::vector<task>& to, std::vector<std::string>& keys) {
  while (found.next()) {
    to.push_back(cancelled_task_from(found));
    keys.push_back(found.text(12));
  }
  if (found.failed()) return fail(found.failure());
  return {};
}

bool is_meant(const std::vector<destination_id>& only, destination_id id) {
  return only.empty() || std::find(only.begin(), only.end(), id) != only.end();
}

}  // namespace

outcome_writer::outcome_writer(connection& db, delivery_reader& deliveries, task_reader& tasks, ordering_writer& ordering,
                               transaction_counts& counts)
    : ordering_(ordering),
      deliveries_(deliveries),
      tasks_(tasks),
      counts_(counts),
      cancel_(db, cancel_sql("task_id = ANY($1)")),
      cancel_all_(db, cancel_sql("destination_id = $1")),
      unlog_(db, "DELETE FROM delivery_logs WHERE destination_id = $1 AND delivery_id = $2 AND task_id = $3"),
      enqueue_(
          db,
          "INSERT INTO delivery_queue (destination_id, deferred, rank, delivery_id, task_id, organization_id, shard, "
          "state, priority, due_at, attempts, total_attempts, owner_epoch, created_at, deliver_by, "
          "ordering_key, ordering_number, ordering_state) VALUES ($1, CASE WHEN $13::text IS NULL THEN 1 ELSE 2 END, $2, $3, "
          "$4, $5, $6, 1, $7, $8, 0, $9, $10, $11, $12, $13, $14, CASE WHEN $13::text IS NULL THEN NULL ELSE 2 END)"),
      ageing_(db, "SELECT step_ms FROM queue_ageing ORDER BY number DESC LIMIT 1"),
      discard_(db,
               "UPDATE delivery_logs SET discarded_at = $4 WHERE destination_id = $1 AND delivery_id = $2 AND task_id = $3"),
      exists_(db, "SELECT 1 FROM delivery_destinations WHERE id = $1") {}

result<std::vector<task>> outcome_writer::cancel(organization_id org, delivery_id id, const std::vector<destination_id>& only,
                                                 utc_time now) {
  auto head = deliveries_.head(org, id);
  if (!head) return fail(head.error());
  if (!*head) return no_such_delivery();
  array_parameter meant(oid::uuid);
  for (const auto& [task, destination] : (*head)->targets)
    if (is_meant(only, destination)) meant.add(task);
  std::vector<task> cancelled;
  std::vector<std::string> keys;
  if (auto done = collect(cancel_.query(meant, now), cancelled, keys); !done) return fail(done.error());
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (!keys[i].empty())
      if (auto settled = ordering_.settle(cancelled[i].destination, keys[i]); !settled) return fail(settled.error());
  counts_.now.cancelled += static_cast<std::int64_t>(cancelled.size());
  return cancelled;
}

result<std::vector<task>> outcome_writer::cancel_all(destination_id id, utc_time now) {
  std::vector<task> cancelled;
  std::vector<std::string> keys;  // all of them end together: nothing is left to settle
  if (auto done = collect(cancel_all_.query(id, now), cancelled, keys); !done) return fail(done.error());
  counts_.now.cancelled += static_cast<std::int64_t>(cancelled.size());
  return cancelled;
}

result<std::vector<task>> outcome_writer::retry(organization_id org, delivery_id id, const std::vector<destination_id>& only,
                                                std::uint64_t owner_epoch, utc_time now) {
  auto head = deliveries_.head(org, id);
  if (!head) return fail(head.error());
  if (!*head) return no_such_delivery();
  auto tasks = tasks_.find_all(**head);
  if (!tasks) return fail(tasks.error());
  std::vector<task> revived;
  for (const auto& one : *tasks) {
    if (one.status != task_status::failed || !is_meant(only, one.key.destination)) continue;
    if ((*head)->content_expired) return no_content_any_more();
    auto moved = move_back(**head, one, owner_epoch, now);
    if (!moved) return fail(moved.error());
    if (*moved) revived.push_back(**moved);
  }
  counts_.now.failed -= static_cast<std::int64_t>(revived.size());
  return revived;
}

result<std::vector<task>> outcome_writer::redrive(organization_id org, const std::vector<dead_row>& dead,
                                                  std::uint64_t owner_epoch, utc_time now) {
  std::vector<task> revived;
  for (const auto& row : dead) {
    auto head = deliveries_.head(org, row.key.delivery);
    if (!head) return fail(head.error());
    if (!*head || (*head)->content_expired) continue;
    stored_task failed;
    failed.key = row.key;
    failed.total_attempts = row.total_attempts;
    failed.created_at = row.created_at;
    auto moved = move_back(**head, failed, owner_epoch, now);
    if (!moved) return fail(moved.error());
    if (*moved) revived.push_back(**moved);
  }
  counts_.now.failed -= static_cast<std::int64_t>(revived.size());
  return revived;
}

result<void> outcome_writer::discard(const std::vector<dead_row>& dead, utc_time now) {
  for (const auto& row : dead) {
    auto done = discard_.run(row.key.destination, row.key.delivery, row.key.task, now);
    if (!done) return fail(done.error());
    if (auto let_go = ordering_.unpark(row.key.destination, row.key.task); !let_go) return let_go;
  }
  return {};
}

/// A delivery deadline starts anew: who sends a task back after it passed wants it delivered, not failed at once.
result<std::optional<task>> outcome_writer::move_back(const delivery_head& head, const stored_task& failed,
                                                      std::uint64_t owner_epoch, utc_time now) {
  const auto exists = destination_exists(failed.key.destination);
  if (!exists) return fail(exists.error());
  if (!*exists) return std::optional<task>{};
  const auto& d = head.content;
  task t;
  t.id = failed.key.task;
  t.delivery = d.id;
  t.organization = d.organization;
  t.destination = failed.key.destination;
  t.owner_epoch = owner_epoch;
  t.priority = d.priority;
  t.total_attempts = failed.total_attempts;
  t.created_at = failed.created_at;
  t.due_at = now;
  const auto step = ageing_step();
  if (!step) return fail(step.error());
  t.rank = rank_of(t.created_at, t.priority, *step);
  if (d.deliver_within) t.deliver_by = now + *d.deliver_within;
  auto unlogged = unlog_.run(t.destination, t.delivery, t.id);
  if (!unlogged) return fail(unlogged.error());
  std::optional<std::int64_t> number;
  if (!d.ordering_key.empty()) {
    auto found = ordering_.number_of(t.organization, t.delivery);
    if (!found) return fail(found.error());
    number = *found;
  }
  auto queued =
      enqueue_.run(t.destination, t.rank, t.delivery, t.id, t.organization, shard_of(t.destination), t.priority, t.due_at,
                   t.total_attempts, t.owner_epoch, t.created_at, t.deliver_by, text_or_null{d.ordering_key}, number);
  if (!queued) return fail(queued.error());
  if (number) {
    if (auto let_go = ordering_.unpark(t.destination, t.id); !let_go) return fail(let_go.error());
    if (auto settled = ordering_.settle(t.destination, d.ordering_key); !settled) return fail(settled.error());
  }
  return std::optional<task>{t};
}

/// The one that new ranks are made with.
result<milliseconds> outcome_writer::ageing_step() {
  auto found = ageing_.query();
  if (found.next()) return milliseconds{found.integer(0)};
  if (found.failed()) return fail(found.failure());
  return usual_ageing_step;
}

result<bool> outcome_writer::destination_exists(destination_id id) {
  auto found = exists_.query(id);
  const bool exists = found.next();
  if (found.failed()) return fail(found.failure());
  return exists;
}

}  // namespace waybill::core::postgres
