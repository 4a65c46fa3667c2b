// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "live_exchange.hpp"

namespace waybill::transfer {

/// Idle handles, each still set up for the endpoint it served last. Prefers one set up for the endpoint asked for; past
/// its limit it reuses or forgets the one idle for longest. A handle is some 10 KB, so those that nobody has needed for a
/// while are forgotten too. Reactor thread only.
class handle_pool {
public:
  using time_point = std::chrono::steady_clock::time_point;

  handle_pool(socket_owner& sockets, std::size_t max_idle);

  [[nodiscard]] std::unique_ptr<live_exchange> take(std::uint64_t endpoint_id);
  void give_back(std::unique_ptr<live_exchange> idle, time_point now);
  /// Forgets those that were given back before `then`.
  void forget_idle_since(time_point then);
  [[nodiscard]] std::size_t size() const { return idle_.size(); }

private:
  struct entry {
    std::uint64_t endpoint_id;  ///< beside the pointer, so that the search touches nothing else
    time_point since;
    std::unique_ptr<live_exchange> live;
  };
  socket_owner& sockets_;
  std::size_t max_idle_;
  std::vector<entry> idle_;  ///< longest idle first; a few hundred at most, so searching and closing gaps is cheap
};

}  // namespace waybill::transfer
