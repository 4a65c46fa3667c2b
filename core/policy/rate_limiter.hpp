// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "core/model/time.hpp"

namespace waybill::core {

/// Token bucket on a monotonic clock. Rate 0 allows everything. Not thread-safe.
class token_bucket {
public:
  token_bucket(double per_second, std::uint32_t burst);
  [[nodiscard]] bool try_take(mono_time now);
  /// How long until a token is there; zero if one is.
  [[nodiscard]] std::chrono::milliseconds wait(mono_time now);
  /// No token before `until`: the destination asked us to slow down.
  void hold(mono_time until);
  /// From now on; the tokens that are there stay, up to the new burst. Where there was no limit before, one token is there.
  void set_rate(double per_second, std::uint32_t burst, mono_time now);
  [[nodiscard]] double available(mono_time now);
  [[nodiscard]] bool unlimited() const { return per_second_ <= 0; }

private:
  void refill(mono_time now);
  double per_second_;
  double burst_;
  double tokens_;
  mono_time last_{};
  mono_time held_until_{};
};

}  // namespace waybill::core
