// SPDX-License-Identifier: Apache-2.0
#include "core/queue/delivery_times.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

const utc_time now = from_unix_ms(1'800'000'000'000);

std::string pointer_of(const std::vector<field_fault>& faults) { return faults.size() == 1 ? faults[0].pointer : ""; }

}  // namespace

TEST_CASE("a schedule in the past or up to a year and a day ahead is fine") {
  for (const auto at : {now - furthest_schedule * 2, now, now + milliseconds{1}, now + furthest_schedule})
    CHECK(check_delivery_times(at, {}, now).empty());
  CHECK(check_delivery_times({}, milliseconds{1}, now).empty());
}

TEST_CASE("a schedule too far ahead is refused, with the field and the bound") {
  const auto faults = check_delivery_times(now + furthest_schedule + milliseconds{1}, {}, now);
  CHECK(pointer_of(faults) == "/options/scheduledAt");
  CHECK(faults.at(0).message.find("366 days") != std::string::npos);
}

TEST_CASE("a delivery that would be late before it is scheduled is refused") {
  const auto at = now + milliseconds{1'000};
  CHECK(pointer_of(check_delivery_times(at, milliseconds{1'000}, now)) == "/options/deliverWithinMs");
  CHECK(check_delivery_times(at, milliseconds{1'001}, now).empty());
  CHECK(check_delivery_times(now - milliseconds{1}, milliseconds{1}, now).empty());
}
