// SPDX-License-Identifier: Apache-2.0
#include "core/policy/release_ramp.hpp"

#include <algorithm>

namespace waybill::core {

void release_ramp::begin(mono_time now, milliseconds length) {
  step_ = mono_time::duration{length} / steps;
  begun_ = now;
}

std::uint32_t release_ramp::level(mono_time now) const {
  if (step_ <= mono_time::duration::zero()) return steps;
  if (now <= begun_) return 0;
  return static_cast<std::uint32_t>(std::min<std::int64_t>((now - begun_) / step_, steps));
}

std::uint32_t release_ramp::concurrency(mono_time now, std::uint32_t configured) const {
  const auto at = level(now);
  return at >= steps ? configured : std::min(configured, 1u << at);
}

double release_ramp::rate(mono_time now, double configured) const {
  const auto at = level(now);
  if (at >= steps) return configured;
  const double allowed = first_rate * (1u << at);
  return configured > 0 ? std::min(configured, allowed) : allowed;
}

std::optional<mono_time> release_ramp::next_step(mono_time now) const {
  const auto at = level(now);
  if (at >= steps) return std::nullopt;
  return begun_ + step_ * (at + 1);
}

void release_ramp::on_failed(mono_time now) {
  const auto at = level(now);
  if (at >= steps) return;
  begun_ = now - step_ * (at == 0 ? 0 : at - 1);
}

}  // namespace waybill::core
