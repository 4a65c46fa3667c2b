// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/store/backlog_store.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// Counts what is outstanding. Every call walks the queue rows it counts. The caller holds the snapshot.
class queue_reader {
public:
  explicit queue_reader(database& db);

  result<queue_stats> of_organization(organization_id org, utc_time now);
  result<queue_stats> of_destination(destination_id id, utc_time now);
  result<queue_stats> whole(utc_time now);
  result<std::vector<destination_backlog>> backlog(utc_time now);
  result<std::vector<waiting_destination>> waiting_destinations();
  result<reconciliation> reconcile();

private:
  statement organization_;
  statement destination_;
  statement whole_;
  statement waiting_;
  statement reconcile_;
};

}  // namespace waybill::core::sqlite
