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
/// creation) and of the index by time (deferred); retries that wait for later are never looked at. Runs inside the writer's
/// transaction.
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

  result<std::vector<candidate>> candidates(const request& asked);
  result<bool> has_deferred(const request& asked);
  result<void> add_deferred(const request& asked, int priority, std::vector<candidate>& to);
  result<std::optional<utc_time>> first_after(const request& asked);
  static result<std::optional<utc_time>> first_not_held(rows found, const request& asked);
  static result<void> add_rows(rows found, const request& asked, int deferred, std::size_t most, std::vector<candidate>& to);
  result<void> take(const request& asked, candidate& one);

  const shard_epochs& epochs_;
  delivery_reader& deliveries_;
  statement on_time_;
  statement deferred_;
  statement any_deferred_;
  statement later_;
  statement later_on_time_;
  statement take_;
};

}  // namespace waybill::core::sqlite
