// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/deadline_writer.hpp"

#include <string>
#include <vector>

namespace waybill::core::postgres {
namespace {

task expired_task_from(const rows& row) {
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
  t.status = task_status::failed;
  return t;
}

}  // namespace

deadline_writer::deadline_writer(connection& db, ordering_writer& ordering, transaction_counts& counts)
    : ordering_(ordering),
      counts_(counts),
      end_(db,
           "WITH late AS (SELECT task_id FROM delivery_queue WHERE deliver_by IS NOT NULL AND deliver_by <= $1 "
           "ORDER BY deliver_by LIMIT $2 FOR UPDATE SKIP LOCKED), "
           "gone AS (DELETE FROM delivery_queue q USING late WHERE q.task_id = late.task_id RETURNING q.*), "
           "logged AS (INSERT INTO delivery_logs (destination_id, delivery_id, task_id, organization_id, status, attempts, "
           "total_attempts, created_at, finished_at, category, payload_size, payload_sha256, idempotency_key, correlation_id) "
           "SELECT g.destination_id, g.delivery_id, g.task_id, g.organization_id, 5, g.attempts, g.total_attempts, "
           "g.created_at, $1, $3, d.size, d.sha256, d.idempotency_key, d.correlation_id FROM gone g "
           "JOIN deliveries d ON d.organization_id = g.organization_id AND d.id = g.delivery_id) "
           "SELECT destination_id, delivery_id, task_id, organization_id, priority, attempts, total_attempts, created_at, "
           "due_at, "
           "deliver_by, owner_epoch, rank, ordering_key FROM gone ORDER BY deliver_by, task_id"),
      next_(db, "SELECT deliver_by FROM delivery_queue WHERE deliver_by IS NOT NULL ORDER BY deliver_by LIMIT 1") {}

result<expire_result> deadline_writer::expire(utc_time now, std::uint32_t limit) {
  expire_result answer;
  std::vector<std::string> keys;
  auto found = end_.query(now, limit, failure_category::timeout);
  while (found.next()) {
    answer.expired.push_back(expired_task_from(found));
    keys.push_back(found.text(12));
  }
  if (found.failed()) return fail(found.failure());
  counts_.now.failed += static_cast<std::int64_t>(answer.expired.size());
  // After all have left: one that ends lets another of its key go, which is then as late as it was.
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (!keys[i].empty())
      if (auto done = ordering_.failed(answer.expired[i], keys[i]); !done) return fail(done.error());
  auto next = next_.query();
  if (next.next()) answer.next = next.time(0);
  if (next.failed()) return fail(next.failure());
  return answer;
}

}  // namespace waybill::core::postgres
