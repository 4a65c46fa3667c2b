// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/model/destination.hpp"
#include "core/model/policy.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// Circuit breaker of one destination (architecture section 7): closed -> open after failure_threshold failures in a row;
/// open -> half-open after the recovery timeout, for half_open_max_calls calls; all succeed -> closed, one fails -> open
/// again with the timeout doubled up to max_recovery_timeout. Pure: every call says what time it is. Not thread-safe.
class circuit_breaker {
public:
  explicit circuit_breaker(breaker_settings settings) : settings_(settings) {}
  /// As it stood before a restart.
  void restore(breaker_state state, std::uint32_t consecutive_failures, std::optional<utc_time> opened_at,
               std::optional<utc_time> next_attempt_at, std::uint32_t openings);

  /// May one call be made now? In half-open it takes one of the trial places, to be given back by on_success, on_failure
  /// or on_abandoned.
  [[nodiscard]] bool try_acquire(utc_time now);
  void on_success(utc_time now);
  void on_failure(utc_time now);
  void on_abandoned();  ///< the call ended without telling anything of the destination (cancelled, our own shutdown)
  void reset();         ///< re-enabled by hand

  void set_settings(breaker_settings settings) { settings_ = settings; }
  [[nodiscard]] breaker_state state() const { return state_; }
  [[nodiscard]] std::uint32_t consecutive_failures() const { return consecutive_failures_; }
  [[nodiscard]] std::optional<utc_time> opened_at() const { return opened_at_; }
  [[nodiscard]] std::optional<utc_time> next_attempt_at() const { return next_attempt_at_; }  ///< open only
  [[nodiscard]] std::uint32_t openings() const { return openings_; }

private:
  void open(utc_time now);

  breaker_settings settings_;
  breaker_state state_ = breaker_state::closed;
  std::uint32_t consecutive_failures_ = 0;
  std::uint32_t openings_ = 0;       ///< in a row, without a closing between
  std::uint32_t trials_out_ = 0;     ///< half-open: calls under way
  std::uint32_t trials_passed_ = 0;  ///< half-open: calls that succeeded
  std::optional<utc_time> opened_at_;
  std::optional<utc_time> next_attempt_at_;
};

}  // namespace waybill::core
