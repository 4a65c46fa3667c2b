// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/model/delivery.hpp"

/// What the order of an ordering key and the deadlines of deliveries bring about in the queue.
namespace waybill::core {

/// What a transaction did to tasks of ordering keys besides what its calls answered: the end of one task lets the next of
/// its key go, a redrive makes later ones step back. Whoever runs the destinations is told after the commit.
struct order_changes {
  std::vector<queued_task> released;  ///< may be tried from their due time on; owned by the shard's epoch
  std::vector<destination_id> more;   ///< have released tasks that are not above, to bound its memory
  std::vector<task> stepped_back;     ///< must not be tried until they are released again

  [[nodiscard]] bool empty() const { return released.empty() && more.empty() && stepped_back.empty(); }
};

/// Tasks whose time was over.
struct expire_result {
  std::vector<task> expired;
  std::optional<utc_time> next;  ///< the earliest deadline that is left, past or to come
};

}  // namespace waybill::core
