// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/delivery_reader.hpp"
#include "core/store/sqlite/shard_epochs.hpp"

namespace waybill::core::sqlite {

/// Fetches the tasks a destination should try next and takes them over. Reads ranges of the queue's own order (due from
/// creation) and of the index by time (deferred); retries that wait for later are never looked at, nor are tasks that wait
/// for an earlier one of their ordering key. Runs inside the writer's transaction.
class claim_writer {
public:
  claim_writer(database& db, const shard_epochs& epochs, delivery_reader& deliveries);

  /// fenced when the shard has a newer epoch than `owner_epoch`.
  result<claim_result> claim(destination_id id, std::uint64_t owner_epoch, utc_time now, milliseconds lookahead,
                             std::uint32_t limit, const std::unordered_set<task_id>& held);

private:
  struct request {
    destination_id destination;
    std::uint64_t owner_epoch;
    utc_time now;
    utc_time until;
    std::size_t wanted;  ///< one more than may be taken, to know whether others are due
    const std::unordered_set<task_id>& held;
  };
  struct candidate {
    task state;
    int deferred = 0;
  };
  struct group {
    int priority = 0;
    task_status state = task_status::pending;
  };

  result<std::vector<candidate>> candidates(const request& asked, const std::vector<group>& deferred);
  result<std::vector<group>> deferred_groups(destination_id id);
  result<std::optional<utc_time>> first_after(const request& asked, const std::vector<group>& deferred);
  static result<std::optional<utc_time>> first_not_held(rows found, const request& asked);
  static result<void> add_rows(rows found, const request& asked, int deferred, std::vector<candidate>& to);
  result<void> take(const request& asked, candidate& one);

  const shard_epochs& epochs_;
  delivery_reader& deliveries_;
  statement on_time_;
  statement deferred_;
  statement next_priority_;
  statement later_;
  statement later_on_time_;
  statement take_;
};

}  // namespace waybill::core::sqlite
