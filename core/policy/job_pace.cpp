// SPDX-License-Identifier: Apache-2.0
#include "core/policy/job_pace.hpp"

#include <algorithm>
#include <cmath>

namespace waybill::core {
namespace {

constexpr std::uint32_t portions_per_second = 10;
// What adding up fractions of a token may lose.
constexpr double hair = 1e-6;

std::uint32_t tenth(std::uint32_t per_second) { return std::max(1u, per_second / portions_per_second); }

}  // namespace

job_pace::job_pace(std::uint32_t per_second, std::uint32_t most)
    : per_second_(std::max(per_second, 1u)), most_(std::max(most, 1u)), tokens_(per_second_, tenth(per_second_)) {}

std::uint32_t job_pace::portion() const { return std::min(most_, tenth(per_second_)); }

std::uint32_t job_pace::granted(mono_time now) {
  const auto whole = static_cast<std::uint32_t>(tokens_.available(now) + hair);
  return whole < portion() ? 0 : std::min(whole, most_);
}

void job_pace::take(std::uint32_t items, mono_time now) {
  for (std::uint32_t i = 0; i < items; ++i) static_cast<void>(tokens_.try_take(now));
}

milliseconds job_pace::wait(mono_time now) {
  const auto missing = portion() - tokens_.available(now);
  if (missing <= hair) return milliseconds{0};
  return milliseconds{static_cast<std::int64_t>(std::ceil(missing * 1'000 / per_second_))};
}

void job_pace::change(std::uint32_t per_second) {
  if (per_second == per_second_) return;
  *this = job_pace(per_second, most_);
}

}  // namespace waybill::core
