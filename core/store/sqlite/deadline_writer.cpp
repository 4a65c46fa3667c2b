// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/deadline_writer.hpp"

namespace waybill::core::sqlite {
namespace {

constexpr const char* one_task =
    " WHERE destination_id = ?1 AND deferred = ?2 AND rank = ?3 AND delivery_id = ?4 AND task_id = ?5";

}  // namespace

deadline_writer::deadline_writer(database& db, ordering_writer& ordering)
    : ordering_(ordering),
      late_(db,
            "SELECT destination_id, delivery_id, task_id, organization_id, priority, attempts, total_attempts, created_at, "
            "due_at, deliver_by, owner_epoch, rank, deferred, ordering_key FROM delivery_queue INDEXED BY "
            "delivery_queue_deadline WHERE deliver_by IS NOT NULL AND deliver_by <= ?1 ORDER BY deliver_by LIMIT ?2"),
      next_(db,
            "SELECT deliver_by FROM delivery_queue INDEXED BY delivery_queue_deadline WHERE deliver_by IS NOT NULL "
            "ORDER BY deliver_by LIMIT 1"),
      log_(db,
           std::string("INSERT INTO delivery_logs (destination_id, delivery_id, task_id, organization_id, status, attempts, "
                       "total_attempts, created_at, finished_at, category, last_attempt, payload_size, payload_sha256, "
                       "idempotency_key, correlation_id) "
                       "SELECT q.destination_id, q.delivery_id, q.task_id, q.organization_id, 5, q.attempts, "
                       "q.total_attempts, q.created_at, ?6, ?7, q.last_attempt, d.size, d.sha256, d.idempotency_key, "
                       "d.correlation_id FROM (SELECT * FROM delivery_queue") +
               one_task + ") q JOIN deliveries d ON d.organization_id = q.organization_id AND d.id = q.delivery_id"),
      leave_(db, std::string("DELETE FROM delivery_queue") + one_task),
      count_(db, "UPDATE counters SET failed = failed + ?1") {}

result<expire_result> deadline_writer::expire(utc_time now, std::uint32_t limit) {
  auto found = late(now, limit);
  if (!found) return fail(found.error());
  expire_result answer;
  for (const auto& one : *found) {
    if (auto done = end(one, now); !done) return fail(done.error());
    answer.expired.push_back(one.what);
  }
  // After all have left: one that ends lets another of its key go, which is then as late as it was.
  for (const auto& one : *found)
    if (!one.ordering_key.empty())
      if (auto done = ordering_.failed(one.what, one.ordering_key); !done) return fail(done.error());
  if (!found->empty())
    if (auto done = count_.run(found->size()); !done) return fail(done.error());
  auto next_one = next();
  if (!next_one) return fail(next_one.error());
  answer.next = *next_one;
  return answer;
}

result<std::vector<deadline_writer::late_task>> deadline_writer::late(utc_time now, std::uint32_t limit) {
  std::vector<late_task> all;
  auto found = late_.query(now, limit);
  while (found.next()) {
    late_task one;
    auto& t = one.what;
    t.destination = found.id<destination_id>(0);
    t.delivery = found.id<delivery_id>(1);
    t.id = found.id<task_id>(2);
    t.organization = found.id<organization_id>(3);
    t.priority = found.number<std::uint8_t>(4);
    t.attempts = found.number<std::uint32_t>(5);
    t.total_attempts = found.number<std::uint32_t>(6);
    t.created_at = found.time(7);
    t.due_at = found.time(8);
    t.deliver_by = found.maybe_time(9);
    t.owner_epoch = found.number<std::uint64_t>(10);
    t.rank = found.integer(11);
    t.status = task_status::failed;
    one.deferred = found.number<int>(12);
    one.ordering_key = found.text(13);
    all.push_back(std::move(one));
  }
  if (found.failed()) return fail(found.failure());
  return all;
}

result<void> deadline_writer::end(const late_task& one, utc_time now) {
  const auto& t = one.what;
  auto logged = log_.run(t.destination, one.deferred, t.rank, t.delivery, t.id, now, failure_category::timeout);
  if (!logged) return fail(logged.error());
  auto left = leave_.run(t.destination, one.deferred, t.rank, t.delivery, t.id);
  if (!left) return fail(left.error());
  return {};
}

result<std::optional<utc_time>> deadline_writer::next() {
  auto found = next_.query();
  if (found.next()) return std::optional(found.time(0));
  if (found.failed()) return fail(found.failure());
  return std::optional<utc_time>{};
}

}  // namespace waybill::core::sqlite
