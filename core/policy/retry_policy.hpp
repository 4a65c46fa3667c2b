// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/model/delivery.hpp"
#include "core/model/policy.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// The decision after a failed attempt: try again, and when, or give up. Pure: no clock, no randomness of its own.
class retry_policy {
public:
  struct decision {
    std::optional<utc_time> due_at;  ///< nothing: the task is a dead letter
  };

  explicit retry_policy(retry_settings settings) : settings_(std::move(settings)) {}

  /// `attempts` made so far, this one included. `jitter` in [0, 1) spreads the delay over 1 +- jitter_factor. A Retry-After
  /// lengthens the delay, up to max_delay. configuration, validation and rejected results are final; so is a due time
  /// beyond deliver_by.
  [[nodiscard]] decision after_failure(const attempt_result& result, std::uint32_t attempts, utc_time now, double jitter,
                                       std::optional<utc_time> deliver_by) const;
  /// Before jitter, for retry n (1 for the first).
  [[nodiscard]] milliseconds delay(std::uint32_t n) const;

private:
  retry_settings settings_;
};

}  // namespace waybill::core
