// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/queue/queue_ledger.hpp"
#include "core/store/backlog_store.hpp"

namespace waybill::actors {

/// What the last reading of the whole queue said of ages and due times, which are not counted in memory: the store is walked
/// for them, so rarely that it costs next to nothing. How many tasks wait comes from the ledger, and is of now. Thread-safe.
class backlog_view {
public:
  /// From as many tasks on a queue is not walked to answer a request.
  static constexpr std::uint64_t long_queue = 10'000;

  void put(const std::vector<core::destination_backlog>& read);
  /// `now` laid over what was read of the same queue.
  [[nodiscard]] core::queue_stats whole(const core::queue_ledger::depth& now) const;
  [[nodiscard]] core::queue_stats of(core::organization_id id, const core::queue_ledger::depth& now) const;
  [[nodiscard]] core::queue_stats of(core::destination_id id, const core::queue_ledger::depth& now) const;
  /// Of organizations with the oldest waiting task, if any.
  [[nodiscard]] std::optional<core::utc_time> oldest(core::organization_id id) const;

private:
  mutable std::mutex mutex_;
  core::queue_stats all_;
  std::unordered_map<core::organization_id, core::queue_stats> organizations_;
  std::unordered_map<core::destination_id, core::queue_stats> destinations_;  ///< those with long queues
};

}  // namespace waybill::actors
