// SPDX-License-Identifier: Apache-2.0
#include "core/policy/retry_policy.hpp"

#include <algorithm>
#include <cmath>

namespace waybill::core {
namespace {

bool is_final(const attempt_result& result) {
  return result.action == attempt_action::delivered || result.action == attempt_action::reject ||
         result.category == failure_category::configuration || result.category == failure_category::validation;
}

}  // namespace

milliseconds retry_policy::delay(std::uint32_t n) const {
  const std::uint32_t index = n == 0 ? 0 : n - 1;
  if (!settings_.schedule.empty()) return settings_.schedule[std::min<std::size_t>(index, settings_.schedule.size() - 1)];
  // Runs over to infinity for a great n, which is as good: the least of the two is taken.
  const double grown = static_cast<double>(settings_.initial_delay.count()) * std::pow(settings_.multiplier, index);
  const auto most = static_cast<double>(settings_.max_delay.count());
  return milliseconds{std::llround(std::min(grown, most))};
}

retry_policy::decision retry_policy::after_failure(const attempt_result& result, std::uint32_t attempts, utc_time now,
                                                   double jitter, std::optional<utc_time> deliver_by) const {
  if (is_final(result) || attempts >= settings_.max_attempts) return {};
  const double spread = 1.0 + settings_.jitter_factor * (2.0 * std::clamp(jitter, 0.0, 1.0) - 1.0);
  milliseconds wait{std::llround(static_cast<double>(delay(attempts).count()) * spread)};
  // Not spread: earlier than asked for would be refused again.
  if (result.retry_after) wait = std::max(wait, std::min(*result.retry_after, settings_.max_delay));
  const utc_time due = now + std::max(wait, milliseconds{0});
  if (deliver_by && due > *deliver_by) return {};
  return {due};
}

}  // namespace waybill::core
