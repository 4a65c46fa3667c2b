// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/store/backlog_store.hpp"

namespace waybill::core {

/// A row of one destination: whether its tasks are parked; how many are pending, retrying, due; the oldest created_at, the
/// earliest due_at (NULL: all held); how many of pending and of retrying wait behind a dead letter; destination, organization.
template <class Rows>
destination_backlog backlog_of(const Rows& row) {
  const auto number = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
  destination_backlog one;
  one.parked = row.integer(0) != 0;
  one.pending = number(1);
  one.retrying = number(2);
  auto& shown = one.shown;
  shown.oldest_created_at = row.time(4);
  if (one.parked) {
    shown.parked = one.pending + one.retrying;
    return one;
  }
  shown.parked = number(6) + number(7);
  shown.pending = one.pending - number(6);
  shown.retrying = one.retrying - number(7);
  shown.due = number(3);
  shown.next_due = row.maybe_time(5);
  return one;
}

/// Adds up rows of backlog_of.
template <class Rows>
result<queue_stats> add_up(Rows found) {
  queue_stats all;
  while (found.next()) all.add(backlog_of(found).shown);
  if (found.failed()) return fail(found.failure());
  return all;
}

template <class Rows>
result<std::vector<destination_backlog>> backlog_from(Rows found) {
  std::vector<destination_backlog> all;
  while (found.next()) {
    all.push_back(backlog_of(found));
    all.back().destination = found.template id<destination_id>(8);
    all.back().organization = found.template id<organization_id>(9);
  }
  if (found.failed()) return fail(found.failure());
  return all;
}

/// Rows of destination, organization, count, earliest due_at.
template <class Rows>
result<std::vector<waiting_destination>> waiting_destinations_from(Rows found) {
  std::vector<waiting_destination> all;
  while (found.next())
    all.push_back({found.template id<destination_id>(0), found.template id<organization_id>(1),
                   found.template number<std::uint64_t>(2), found.maybe_time(3)});
  if (found.failed()) return fail(found.failure());
  return all;
}

/// The one row of accepted, delivered, failed, cancelled, waiting.
template <class Rows>
result<reconciliation> reconciliation_from(Rows found) {
  if (!found.next()) return fail(found.failure());
  const auto number = [&](int column) { return static_cast<std::uint64_t>(found.integer(column)); };
  return reconciliation{number(0), number(1), number(2), number(3), number(4)};
}

/// The statements of queue_reads in an engine's SQL. Parameters: now, then whose.
struct queue_reads_sql {
  std::string organization, destination, whole, waiting, reconcile;
};

/// Counts what is outstanding. Every call walks the queue rows it counts. The caller holds the snapshot. `Engine` as in
/// config_reads.
template <class Engine>
class queue_reads {
public:
  result<queue_stats> of_organization(organization_id org, utc_time now) { return add_up(organization_.query(now, org)); }
  result<queue_stats> of_destination(destination_id id, utc_time now) { return add_up(destination_.query(now, id)); }
  result<queue_stats> whole(utc_time now) { return add_up(whole_.query(now)); }
  result<std::vector<destination_backlog>> backlog(utc_time now) { return backlog_from(whole_.query(now)); }
  result<std::vector<waiting_destination>> waiting_destinations() { return waiting_destinations_from(waiting_.query()); }
  result<reconciliation> reconcile() { return reconciliation_from(reconcile_.query()); }

protected:
  queue_reads(typename Engine::connection& db, queue_reads_sql sql)
      : organization_(db, std::move(sql.organization)),
        destination_(db, std::move(sql.destination)),
        whole_(db, std::move(sql.whole)),
        waiting_(db, std::move(sql.waiting)),
        reconcile_(db, std::move(sql.reconcile)) {}

private:
  typename Engine::statement organization_;
  typename Engine::statement destination_;
  typename Engine::statement whole_;
  typename Engine::statement waiting_;
  typename Engine::statement reconcile_;
};

}  // namespace waybill::core
