// SPDX-License-Identifier: Apache-2.0
#include "core/policy/rate_limiter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace waybill::core {
namespace {

// What adding up fractions of a token may lose. Without it a wait of exactly wait() could end a hair short of a whole token.
constexpr double whole_token = 1.0 - 1e-6;

std::chrono::milliseconds round_up(mono_time::duration wait) {
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(wait, mono_time::duration::zero()));
}

}  // namespace

token_bucket::token_bucket(double per_second, std::uint32_t burst)
    : per_second_(std::max(per_second, 0.0)), burst_(burst > 0 ? burst : std::max(1.0, per_second_)), tokens_(burst_) {}

void token_bucket::set_rate(double per_second, std::uint32_t burst, mono_time now) {
  const bool was_unlimited = unlimited();
  refill(now);
  per_second_ = std::max(per_second, 0.0);
  burst_ = burst > 0 ? burst : std::max(1.0, per_second_);
  tokens_ = was_unlimited ? 1.0 : std::min(tokens_, burst_);
  last_ = now;
}

void token_bucket::refill(mono_time now) {
  if (last_ == mono_time{}) last_ = now;
  if (now <= last_) return;
  const double elapsed = std::chrono::duration<double>(now - last_).count();
  tokens_ = std::min(burst_, tokens_ + elapsed * per_second_);
  last_ = now;
}

bool token_bucket::try_take(mono_time now) {
  if (now < held_until_) return false;
  if (unlimited()) return true;
  refill(now);
  if (tokens_ < whole_token) return false;
  tokens_ = std::max(tokens_ - 1.0, 0.0);
  return true;
}

std::chrono::milliseconds token_bucket::wait(mono_time now) {
  const auto held = round_up(held_until_ - now);
  if (unlimited()) return held;
  refill(now);
  if (tokens_ >= whole_token) return held;
  // A rate of one token in many years must not run over the clock's range.
  const double seconds = std::min((1.0 - tokens_) / per_second_, 1e9);
  return std::max(held, std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(seconds * 1'000))});
}

void token_bucket::hold(mono_time until) { held_until_ = std::max(held_until_, until); }

double token_bucket::available(mono_time now) {
  if (now < held_until_) return 0;
  if (unlimited()) return std::numeric_limits<double>::infinity();
  refill(now);
  return tokens_;
}

}  // namespace waybill::core
