// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/queue_reader.hpp"

#include <string>

namespace waybill::core::postgres {
namespace {

/// A task of an ordering key that waits behind a dead letter (destinations which park).
constexpr const char* parked_row =
    "(q.deferred = 2 AND EXISTS (SELECT 1 FROM parked_keys p WHERE p.destination_id = q.destination_id "
    "AND p.ordering_key = q.ordering_key AND p.ordering_number < q.ordering_number))";

/// The rows of queue_counts.hpp out of queue rows q, $1 being now.
std::string counts(const std::string& from) {
  const std::string parked(parked_row);
  return "SELECT coalesce(d.state = 2 OR h.breaker = 2, false), s.pending, s.retrying, s.due, s.oldest, s.next_due, "
         "s.parked_pending, s.parked_retrying, s.destination_id, s.organization_id FROM (SELECT q.destination_id, "
         "q.organization_id, count(*) FILTER (WHERE q.state = 1) AS pending, "
         "count(*) FILTER (WHERE q.state = 2) AS retrying, count(*) FILTER (WHERE q.due_at <= $1 AND q.deferred < 2) AS due, "
         "min(q.created_at) AS oldest, min(q.due_at) FILTER (WHERE q.deferred <> 2) AS next_due, "
         "count(*) FILTER (WHERE q.state = 1 AND " +
         parked +
         ") AS parked_pending, "
         "count(*) FILTER (WHERE q.state = 2 AND " +
         parked + ") AS parked_retrying FROM " + from +
         " GROUP BY q.destination_id, q.organization_id) s LEFT JOIN delivery_destinations d ON d.id = s.destination_id "
         "LEFT JOIN destination_health h ON h.destination_id = s.destination_id";
}

/// Queue rows of some destinations. The indexes are partial, by `deferred`; one branch for each finds all rows by them.
std::string of_destinations(const char* which) {
  const auto branch = [&](const char* condition) {
    return std::string(
               "SELECT destination_id, organization_id, state, due_at, deferred, created_at, ordering_key, ordering_number "
               "FROM delivery_queue WHERE destination_id ") +
           which + " AND " + condition;
  };
  return "(" + branch("deferred = 0") + " UNION ALL " + branch("deferred = 1") + " UNION ALL " +
         branch("deferred = 2 AND ordering_key IS NOT NULL") + ") q";
}

queue_reads_sql statements() {
  queue_reads_sql sql;
  sql.organization = counts(of_destinations("IN (SELECT id FROM delivery_destinations WHERE organization_id = $2)"));
  sql.destination = counts(of_destinations("= $2"));
  sql.whole = counts("delivery_queue q");
  sql.waiting =
      "SELECT destination_id, organization_id, count(*), min(due_at) FILTER (WHERE deferred <> 2) "
      "FROM delivery_queue GROUP BY destination_id, organization_id";
  sql.reconcile = "SELECT accepted, delivered, failed, cancelled, (SELECT count(*) FROM delivery_queue) FROM counters";
  return sql;
}

}  // namespace

queue_reader::queue_reader(connection& db) : queue_reads(db, statements()) {}

}  // namespace waybill::core::postgres
