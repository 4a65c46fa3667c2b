// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "core/model/time.hpp"

namespace waybill::core::postgres {

/// When a server that could not be reached is tried again: pauses that double from 50 ms to 2 s. Many of a node's connections
/// fail at the same time; each keeps its own count, so their attempts drift apart by themselves.
class backoff {
public:
  [[nodiscard]] bool may_try(std::chrono::steady_clock::time_point now) const { return now >= next_; }
  void failed(std::chrono::steady_clock::time_point now) {
    pause_ = std::clamp(pause_ * 2, shortest, longest);
    next_ = now + pause_;
  }
  void succeeded() { *this = {}; }
  [[nodiscard]] std::chrono::steady_clock::time_point next() const { return next_; }

private:
  static constexpr milliseconds shortest{50};
  static constexpr milliseconds longest{2'000};
  milliseconds pause_{0};
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace waybill::core::postgres
