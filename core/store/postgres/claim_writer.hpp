// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "core/store/postgres/array_parameter.hpp"
#include "core/store/postgres/shard_epochs.hpp"
#include "core/store/postgres/statement.hpp"
#include "core/store/records.hpp"

namespace waybill::core::postgres {

/// Fetches the tasks a destination should try next and takes them over. Reads ranges of the index by rank (due from creation)
/// and of the index by time (deferred); retries that wait for later are never looked at. Rows of an older epoch are locked as
/// they are taken, and those that another session has locked are passed over. Two round trips, whatever the number of tasks.
/// Runs inside the writer's transaction.
class claim_writer {
public:
  claim_writer(connection& db, const shard_epochs& epochs);

  /// fenced when the shard has a newer epoch than `owner_epoch`.
  result<claim_result> claim(destination_id id, std::uint64_t owner_epoch, utc_time now, milliseconds lookahead,
                             std::uint32_t limit, const std::unordered_set<task_id>& held);

private:
  struct request {
    destination_id destination;
    std::uint64_t owner_epoch;
    utc_time now;
    utc_time until;
    std::size_t limit;
    const std::unordered_set<task_id>& held;
  };

  result<std::vector<task>> candidates(const request& asked);
  /// Takes over the tasks of an older epoch, and drops those that it did not get.
  result<void> take(const request& asked, std::vector<task>& all);
  result<void> add_content(const std::vector<task>& taken, claim_result& to);
  result<std::optional<utc_time>> first_after(const request& asked);

  connection& db_;
  const shard_epochs& epochs_;
  statement on_time_;
  statement deferred_;
  statement later_;
  statement take_;
  statement content_;
  array_parameter ids_{oid::uuid};
  array_parameter places_{oid::bigint};
  array_parameter organizations_{oid::uuid};
};

}  // namespace waybill::core::postgres
