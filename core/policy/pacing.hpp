// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/model/policy.hpp"
#include "core/model/time.hpp"
#include "core/policy/adaptive_limit.hpp"
#include "core/policy/rate_limiter.hpp"
#include "core/policy/release_ramp.hpp"

namespace waybill::core {

/// How fast one destination is served just now: the least of what is configured, what it was found to take, and what its
/// recovery allows yet. Not thread-safe; one destination actor owns it. Every call says what time it is.
class pacing {
public:
  explicit pacing(limit_settings settings);
  void set_settings(limit_settings settings, mono_time now);
  /// The destination comes back after it was parked: a slow start over `length`.
  void begin_recovery(mono_time now, milliseconds length) { ramp_.begin(now, length); }

  /// May another attempt begin, with `under_way` of them out? Zero: at once. Otherwise after so long at the earliest; nothing:
  /// when one of those ends.
  [[nodiscard]] std::optional<milliseconds> wait(std::uint32_t under_way, mono_time now);
  /// One attempt begins.
  void take(mono_time now);

  void on_delivered(mono_time started, mono_time now) { adaptive_.on_delivered(started, now); }
  void on_failed(mono_time now) { ramp_.on_failed(now); }
  /// Refused for now. `retry_after` as the destination said, bounded by the caller.
  void on_refused(mono_time started, mono_time now, std::optional<milliseconds> retry_after);

  [[nodiscard]] std::uint32_t concurrency(mono_time now) const;
  /// Attempts a second; 0: no limit.
  [[nodiscard]] double rate(mono_time now) const;
  [[nodiscard]] bool reduced() const { return adaptive_.reduced(); }
  [[nodiscard]] bool recovering(mono_time now) const { return ramp_.active(now); }

private:
  void follow(mono_time now);

  limit_settings settings_;
  adaptive_limit adaptive_;
  release_ramp ramp_;
  token_bucket bucket_;
  double bucket_rate_;
};

}  // namespace waybill::core
