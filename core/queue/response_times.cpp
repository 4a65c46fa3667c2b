// SPDX-License-Identifier: Apache-2.0
#include "core/queue/response_times.hpp"

#include <algorithm>

namespace waybill::core {

void response_times::add(milliseconds took) {
  const auto value = static_cast<std::uint32_t>(std::clamp<milliseconds::rep>(took.count(), 0, UINT32_MAX));
  if (last_.size() < kept) return last_.push_back(value);
  last_[oldest_] = value;
  oldest_ = (oldest_ + 1) % kept;
}

milliseconds response_times::percentile(std::size_t percent) const {
  auto sorted = last_;
  std::sort(sorted.begin(), sorted.end());
  return milliseconds{sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)]};
}

}  // namespace waybill::core
