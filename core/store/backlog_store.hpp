// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/id.hpp"
#include "core/store/records.hpp"

namespace waybill::core {

/// What waits for one destination.
struct destination_backlog {
  destination_id destination;
  organization_id organization;
  std::uint64_t pending = 0;   ///< never tried, parked or not
  std::uint64_t retrying = 0;  ///< likewise
  bool parked = false;         ///< the destination is disabled or its breaker is open
  queue_stats shown;           ///< as clients see it: what is parked is neither pending nor retrying nor due
};

class backlog_reads {
public:
  virtual ~backlog_reads() = default;
  /// Every destination for which something waits. Walks the whole queue.
  virtual result<std::vector<destination_backlog>> backlog(utc_time now) = 0;
};

}  // namespace waybill::core
