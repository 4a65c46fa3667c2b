// SPDX-License-Identifier: Apache-2.0
#include "core/policy/pacing.hpp"

#include <algorithm>

namespace waybill::core {

pacing::pacing(limit_settings settings)
    : settings_(settings),
      adaptive_(settings),
      bucket_(settings.rate_per_second, settings.burst),
      bucket_rate_(settings.rate_per_second) {}

void pacing::set_settings(limit_settings settings, mono_time now) {
  const bool other = settings.rate_per_second != settings_.rate_per_second || settings.burst != settings_.burst;
  settings_ = settings;
  adaptive_.set_settings(settings);
  if (!other) return;
  bucket_rate_ = settings.rate_per_second;
  bucket_.set_rate(settings.rate_per_second, settings.burst, now);
  follow(now);
}

std::uint32_t pacing::concurrency(mono_time now) const { return ramp_.concurrency(now, adaptive_.concurrency()); }

double pacing::rate(mono_time now) const { return ramp_.rate(now, adaptive_.rate()); }

/// The bucket follows the rate. What is not the configured rate has no burst: it is a limit on how close attempts may follow.
void pacing::follow(mono_time now) {
  const double wanted = rate(now);
  if (wanted == bucket_rate_) return;
  bucket_rate_ = wanted;
  bucket_.set_rate(wanted, wanted == settings_.rate_per_second ? settings_.burst : 1, now);
}

std::optional<milliseconds> pacing::wait(std::uint32_t under_way, mono_time now) {
  follow(now);
  if (under_way >= concurrency(now)) {
    const auto step = ramp_.next_step(now);
    if (!step) return std::nullopt;
    return std::max(std::chrono::ceil<milliseconds>(*step - now), milliseconds{1});
  }
  return bucket_.wait(now);
}

void pacing::take(mono_time now) { static_cast<void>(bucket_.try_take(now)); }

void pacing::on_refused(mono_time started, mono_time now, std::optional<milliseconds> retry_after) {
  const bool news = adaptive_.on_refused(started, now);
  if (news) ramp_.on_failed(now);
  if (retry_after || news) bucket_.hold(now + retry_after.value_or(adaptive_.pause()));
}

}  // namespace waybill::core
