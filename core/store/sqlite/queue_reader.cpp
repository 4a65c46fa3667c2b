// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/queue_reader.hpp"

#include <string>

namespace waybill::core::sqlite {
namespace {

/// A task of an ordering key that waits behind a dead letter (destinations which park).
constexpr const char* parked_row =
    "(q.deferred = 2 AND EXISTS (SELECT 1 FROM parked_keys p WHERE p.destination_id = q.destination_id "
    "AND p.ordering_key = q.ordering_key AND p.ordering_number < q.ordering_number))";

/// One row per destination, ?1 being now: whether its tasks are parked, and the counts. `from` joins queue rows q with their
/// destination d and health h, and groups them in the order the rows come in, so that nothing is sorted.
std::string counts(const char* from) {
  return std::string(
             "SELECT coalesce(d.state = 2 OR h.breaker = 2, 0), sum(q.state = 1), sum(q.state = 2), "
             "sum(q.due_at <= ?1 AND q.deferred < 2), min(q.created_at), min(iif(q.deferred = 2, NULL, q.due_at)), sum(") +
         parked_row + " AND q.state = 1), sum(" + parked_row + " AND q.state = 2), q.destination_id, q.organization_id FROM " +
         from;
}

queue_reads_sql statements() {
  queue_reads_sql sql;
  sql.organization = counts(
      "delivery_destinations d CROSS JOIN delivery_queue q ON q.destination_id = d.id "
      "LEFT JOIN destination_health h ON h.destination_id = d.id WHERE d.organization_id = ?2 "
      "GROUP BY d.id");
  sql.destination = counts(
      "delivery_queue q LEFT JOIN delivery_destinations d ON d.id = q.destination_id "
      "LEFT JOIN destination_health h ON h.destination_id = d.id WHERE q.destination_id = ?2 "
      "GROUP BY q.destination_id");
  sql.whole = counts(
      "delivery_queue q LEFT JOIN delivery_destinations d ON d.id = q.destination_id "
      "LEFT JOIN destination_health h ON h.destination_id = d.id GROUP BY q.destination_id");
  sql.waiting =
      "SELECT destination_id, organization_id, count(*), min(iif(deferred = 2, NULL, due_at)) FROM delivery_queue "
      "GROUP BY destination_id";
  sql.reconcile = "SELECT accepted, delivered, failed, cancelled, (SELECT count(*) FROM delivery_queue) FROM counters";
  return sql;
}

}  // namespace

queue_reader::queue_reader(database& db) : queue_reads(db, statements()) {}

}  // namespace waybill::core::sqlite
