// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <waybill/handler.hpp>
#include <waybill/host_gate.hpp>

#include "call.hpp"
#include "config.hpp"
#include "store_client.hpp"
#include "upkeep.hpp"

namespace waybill::storage {

/// All of one destination that its deliveries share. Made by open; shared by the handler and by what is under way, which may
/// outlive it by a moment.
class target : public std::enable_shared_from_this<target> {
public:
  target(config from, sdk::handler_context context);

  // Constant after construction.
  const config settings;
  const std::shared_ptr<sdk::host_gate> host;
  const std::shared_ptr<store_client> client;
  const std::shared_ptr<upkeep> housekeeping;

  /// Work for these tokens begins: it is canceled once all of them are. `deadline_ms`: on the host's monotonic clock, 0: none.
  [[nodiscard]] call_ptr begin(const std::vector<wb_token>& tokens, std::int64_t deadline_ms);
  void end(wb_token token);
  void cancel(wb_token token);

  /// Lasts until whoever holds it is done with the host's memory: wait_idle waits for it.
  [[nodiscard]] std::shared_ptr<void> presence();
  /// No more work comes. Waits until none is left, or until `limit`; what is canceled from now on may be taken up again.
  void drain(std::chrono::milliseconds limit);

private:
  struct work {
    call_ptr by;
    std::shared_ptr<std::size_t> wanted;  ///< tokens of this call that are not canceled
    bool canceled = false;
  };
  void leave();

  std::mutex mutex_;
  std::condition_variable idle_;
  std::unordered_map<wb_token, work> under_way_;  ///< guarded
  bool draining_ = false;                         ///< guarded
  std::size_t present_ = 0;                       ///< guarded
};

}  // namespace waybill::storage
