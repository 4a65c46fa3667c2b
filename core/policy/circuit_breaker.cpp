// SPDX-License-Identifier: Apache-2.0
#include "core/policy/circuit_breaker.hpp"

#include <algorithm>
#include <limits>

namespace waybill::core {
namespace {

std::uint32_t one_more(std::uint32_t count) { return count == std::numeric_limits<std::uint32_t>::max() ? count : count + 1; }

// Doubles with every opening in a row. Where somebody sets a recovery timeout above the maximum, theirs holds.
milliseconds recovery_after(const breaker_settings& settings, std::uint32_t openings) {
  const auto most = std::max(settings.recovery_timeout, settings.max_recovery_timeout);
  auto timeout = settings.recovery_timeout;
  for (std::uint32_t i = 1; i < openings && timeout < most; ++i) timeout += std::min(timeout, most - timeout);
  return timeout;
}

}  // namespace

void circuit_breaker::restore(breaker_state state, std::uint32_t consecutive_failures, std::optional<utc_time> opened_at,
                              std::optional<utc_time> next_attempt_at, std::uint32_t openings) {
  reset();
  state_ = state;
  consecutive_failures_ = consecutive_failures;
  if (state_ == breaker_state::closed) return;
  openings_ = std::max<std::uint32_t>(openings, 1);
  opened_at_ = opened_at.value_or(utc_time{});
  if (state_ == breaker_state::open)
    next_attempt_at_ = next_attempt_at.value_or(*opened_at_ + recovery_after(settings_, openings_));
}

bool circuit_breaker::try_acquire(utc_time now) {
  const std::uint32_t places = std::max<std::uint32_t>(settings_.half_open_max_calls, 1);
  if (state_ == breaker_state::open && next_attempt_at_ && now >= *next_attempt_at_) {
    state_ = breaker_state::half_open;
    next_attempt_at_.reset();
    trials_out_ = 0;
    trials_passed_ = 0;
  }
  // The number of places was lowered to what has passed already.
  if (state_ == breaker_state::half_open && trials_passed_ >= places) reset();
  if (state_ == breaker_state::closed) return true;
  if (state_ == breaker_state::open || trials_out_ + trials_passed_ >= places) return false;
  ++trials_out_;
  return true;
}

// A call that began before the breaker opened may end at any time after. It is told from a trial only by there being no trial
// out; with one out it is taken for that, which at worst decides the trial early.
void circuit_breaker::on_success(utc_time) {
  consecutive_failures_ = 0;
  if (state_ != breaker_state::half_open || trials_out_ == 0) return;
  --trials_out_;
  ++trials_passed_;
  if (trials_passed_ >= settings_.half_open_max_calls) reset();
}

void circuit_breaker::on_failure(utc_time now) {
  consecutive_failures_ = one_more(consecutive_failures_);
  const bool too_many = state_ == breaker_state::closed && consecutive_failures_ >= settings_.failure_threshold;
  const bool trial_failed = state_ == breaker_state::half_open && trials_out_ > 0;
  if (too_many || trial_failed) open(now);
}

void circuit_breaker::on_abandoned() {
  if (state_ == breaker_state::half_open && trials_out_ > 0) --trials_out_;
}

void circuit_breaker::reset() {
  state_ = breaker_state::closed;
  consecutive_failures_ = 0;
  openings_ = 0;
  trials_out_ = 0;
  trials_passed_ = 0;
  opened_at_.reset();
  next_attempt_at_.reset();
}

void circuit_breaker::open(utc_time now) {
  state_ = breaker_state::open;
  openings_ = one_more(openings_);
  trials_out_ = 0;
  trials_passed_ = 0;
  opened_at_ = now;
  next_attempt_at_ = now + recovery_after(settings_, openings_);
}

}  // namespace waybill::core
