// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/queue_reader.hpp"

#include <algorithm>

namespace waybill::core::sqlite {
namespace {

/// One row per destination, ?1 being now: whether its tasks are parked, and the counts. `from` joins queue rows q with their
/// destination d and health h, and groups them in the order the rows come in, so that nothing is sorted.
std::string counts(const char* from) {
  return std::string(
             "SELECT coalesce(d.state = 2 OR h.breaker = 2, 0), sum(q.state = 1), sum(q.state = 2), sum(q.due_at <= ?1), "
             "min(q.created_at), min(q.due_at) FROM ") +
         from;
}

std::optional<utc_time> earlier(std::optional<utc_time> a, utc_time b) { return a ? std::min(*a, b) : b; }

result<queue_stats> add_up(rows found) {
  queue_stats all;
  while (found.next()) {
    const auto pending = found.number<std::uint64_t>(1), retrying = found.number<std::uint64_t>(2);
    all.oldest_created_at = earlier(all.oldest_created_at, found.time(4));
    if (found.integer(0) != 0) {
      all.parked += pending + retrying;
      continue;
    }
    all.pending += pending;
    all.retrying += retrying;
    all.due += found.number<std::uint64_t>(3);
    all.next_due = earlier(all.next_due, found.time(5));
  }
  if (found.failed()) return fail(found.failure());
  return all;
}

}  // namespace

queue_reader::queue_reader(database& db)
    : organization_(db, counts("delivery_destinations d CROSS JOIN delivery_queue q ON q.destination_id = d.id "
                               "LEFT JOIN destination_health h ON h.destination_id = d.id WHERE d.organization_id = ?2 "
                               "GROUP BY d.id")),
      destination_(db, counts("delivery_queue q LEFT JOIN delivery_destinations d ON d.id = q.destination_id "
                              "LEFT JOIN destination_health h ON h.destination_id = d.id WHERE q.destination_id = ?2 "
                              "GROUP BY q.destination_id")),
      whole_(db, counts("delivery_queue q LEFT JOIN delivery_destinations d ON d.id = q.destination_id "
                        "LEFT JOIN destination_health h ON h.destination_id = d.id GROUP BY q.destination_id")),
      waiting_(db, "SELECT destination_id, organization_id, count(*), min(due_at) FROM delivery_queue GROUP BY destination_id"),
      reconcile_(db, "SELECT accepted, delivered, failed, cancelled, (SELECT count(*) FROM delivery_queue) FROM counters") {}

result<queue_stats> queue_reader::of_organization(organization_id org, utc_time now) {
  return add_up(organization_.query(now, org));
}

result<queue_stats> queue_reader::of_destination(destination_id id, utc_time now) {
  return add_up(destination_.query(now, id));
}

result<queue_stats> queue_reader::whole(utc_time now) { return add_up(whole_.query(now)); }

result<std::vector<waiting_destination>> queue_reader::waiting_destinations() {
  std::vector<waiting_destination> all;
  auto found = waiting_.query();
  while (found.next())
    all.push_back({found.id<destination_id>(0), found.id<organization_id>(1), found.number<std::uint64_t>(2), found.time(3)});
  if (found.failed()) return fail(found.failure());
  return all;
}

result<reconciliation> queue_reader::reconcile() {
  auto found = reconcile_.query();
  if (!found.next()) return fail(found.failure());
  reconciliation sums;
  sums.accepted = found.number<std::uint64_t>(0);
  sums.delivered = found.number<std::uint64_t>(1);
  sums.failed = found.number<std::uint64_t>(2);
  sums.cancelled = found.number<std::uint64_t>(3);
  sums.waiting = found.number<std::uint64_t>(4);
  return sums;
}

}  // namespace waybill::core::sqlite
