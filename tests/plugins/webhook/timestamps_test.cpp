// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/timestamps.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <ctime>
#include <string>

using waybill::webhook::iso8601;

namespace {

std::string by_library(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1'000);
  std::tm t{};
  gmtime_r(&seconds, &t);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                t.tm_min, t.tm_sec, static_cast<int>(ms % 1'000));
  return text;
}

}  // namespace

TEST_CASE("a time is written as ISO 8601 in UTC with milliseconds") {
  CHECK(iso8601{0}.text() == "1970-01-01T00:00:00.000Z");
  CHECK(iso8601{1'769'850'900'123}.text() == "2026-01-31T09:15:00.123Z");
  CHECK(iso8601{951'782'399'999}.text() == "2000-02-28T23:59:59.999Z");
  CHECK(iso8601{951'782'400'000}.text() == "2000-02-29T00:00:00.000Z");
  CHECK(iso8601{-1}.text() == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("times agree with the C library over three centuries") {
  for (std::int64_t ms = 0; ms < 9'000'000'000'000; ms += 23 * 3'600'000 + 61'007)
    REQUIRE(iso8601{ms}.text() == by_library(ms));
}

TEST_CASE("times out of range stop at the ends of the calendar") {
  CHECK(iso8601{INT64_MAX}.text() == "9999-12-31T23:59:59.999Z");
  CHECK(iso8601{INT64_MIN}.text() == "0000-01-01T00:00:00.000Z");
}
