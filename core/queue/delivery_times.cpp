// SPDX-License-Identifier: Apache-2.0
#include "core/queue/delivery_times.hpp"

namespace waybill::core {

std::vector<field_fault> check_delivery_times(std::optional<utc_time> scheduled_at, std::optional<milliseconds> deliver_within,
                                              utc_time now) {
  std::vector<field_fault> faults;
  if (!scheduled_at || *scheduled_at <= now) return faults;
  if (*scheduled_at - now > furthest_schedule)
    faults.push_back({"/options/scheduledAt", "maximum", "at most 366 days ahead"});
  else if (deliver_within && now + *deliver_within <= *scheduled_at)
    faults.push_back({"/options/deliverWithinMs", "minimum", "ends before scheduledAt: it counts from acceptance on"});
  return faults;
}

}  // namespace waybill::core
