// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/model/policy.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// The slow start of a destination that comes back (enabled again, or its breaker closed): what was parked meanwhile is let go
/// in steps, so that the recovery is no stampede. It begins with one attempt at once and `first_rate` a second; both double
/// with every step, a tenth of the ramp's length, until they reach what is configured or the ramp ends. A step begins again,
/// one lower, when an attempt fails.
/// Pure: every call says what time it is. Not thread-safe; one destination actor owns it.
class release_ramp {
public:
  static constexpr std::uint32_t steps = 10;  ///< doubles to a thousandfold
  static constexpr double first_rate = 10;    ///< attempts a second, the configured rate if that is lower

  /// `length` zero: no ramp.
  void begin(mono_time now, milliseconds length);
  void end() { step_ = {}; }
  [[nodiscard]] bool active(mono_time now) const { return level(now) < steps; }

  /// At most `settings` has.
  [[nodiscard]] std::uint32_t concurrency(mono_time now, std::uint32_t configured) const;
  /// 0: no limit.
  [[nodiscard]] double rate(mono_time now, double configured) const;
  /// When the next step begins; nothing when the ramp is over.
  [[nodiscard]] std::optional<mono_time> next_step(mono_time now) const;
  void on_failed(mono_time now);

private:
  [[nodiscard]] std::uint32_t level(mono_time now) const;

  mono_time::duration step_{};  ///< zero: none was begun
  mono_time begun_{};
};

}  // namespace waybill::core
