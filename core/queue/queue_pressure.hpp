// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/queue/queue_ledger.hpp"
#include "core/queue/retry_lag.hpp"

/// What a queue is shown with besides how much waits in it.
namespace waybill::core {

/// How fast a destination is served just now.
struct live_pace {
  std::uint32_t concurrency = 0;
  double rate_per_second = 0;  ///< 0: no limit
  bool reduced = false;        ///< because the destination refuses (429 and the like)
  bool recovering = false;     ///< slow start after it came back
};

/// The node as a whole: for its operator only.
struct node_pressure {
  struct organization {
    queue_ledger::organization_depth depth;
    std::uint32_t in_flight = 0;
    std::optional<utc_time> oldest_created_at;
  };
  queue_ledger::depth waiting;
  std::uint64_t max_waiting = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t max_in_flight = 0;
  std::uint32_t destinations_held_up = 0;  ///< wait for a place among the attempts under way
  std::optional<utc_time> oldest_created_at;
  retry_lag::summary lag;
  std::vector<organization> organizations;  ///< with most waiting or under way, the first hundred
};

}  // namespace waybill::core
