// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "core/model/error.hpp"
#include "core/model/time.hpp"

namespace waybill::core {

/// The furthest a delivery can be scheduled: a year and a day, so that "the same day next year" always can.
inline constexpr milliseconds furthest_schedule{366LL * 24 * 60 * 60 * 1'000};

/// What is wrong with the times a client sets, pointers below /options. A schedule in the past is none: it means now.
[[nodiscard]] std::vector<field_fault> check_delivery_times(std::optional<utc_time> scheduled_at,
                                                            std::optional<milliseconds> deliver_within, utc_time now);

}  // namespace waybill::core
