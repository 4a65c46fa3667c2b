// SPDX-License-Identifier: Apache-2.0
#include "core/model/time.hpp"

#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("times are written in UTC with milliseconds", "[time]") {
  CHECK(to_rfc3339(from_unix_ms(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(from_unix_ms(1'767'225'600'123)) == "2026-01-01T00:00:00.123Z");
  CHECK(to_rfc3339(from_unix_ms(951'827'696'007)) == "2000-02-29T12:34:56.007Z");
  CHECK(to_rfc3339(from_unix_ms(-1)) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a time beyond four digits of a year is written as the last or first that has them", "[time]") {
  CHECK(to_rfc3339(from_unix_ms(INT64_MAX)) == "9999-12-31T23:59:59.999Z");
  CHECK(to_rfc3339(from_unix_ms(INT64_MIN)) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("what was written is read back", "[time]") {
  std::mt19937_64 random{7};
  std::uniform_int_distribution<std::int64_t> any{-62'167'219'200'000, 253'402'300'799'999};
  for (int i = 0; i < 20'000; ++i) {
    const auto time = from_unix_ms(any(random));
    REQUIRE(parse_rfc3339(to_rfc3339(time)) == time);
  }
}

TEST_CASE("offsets, fractions and lower case are read as RFC 3339 has them", "[time]") {
  const auto ms = [](const char* text) { return to_unix_ms(parse_rfc3339(text).value_or(from_unix_ms(-1))); };
  CHECK(ms("1985-04-12T23:20:50.52Z") == 482'196'050'520);
  CHECK(ms("1996-12-19T16:39:57-08:00") == 851'042'397'000);
  CHECK(ms("1937-01-01T12:00:27.87+00:20") == -1'041'337'172'130);
  CHECK(ms("2026-01-01t01:00:00.123456789z") == 1'767'229'200'123);
  CHECK(ms("2026-01-01T00:00:00.9999Z") == 1'767'225'600'999);
  CHECK(ms("1990-12-31T23:59:60Z") == 662'688'000'000);  // a leap second, RFC 3339 section 5.8
  CHECK(ms("1990-12-31T15:59:60-08:00") == 662'688'000'000);
}

TEST_CASE("what is no RFC 3339 date-time is refused", "[time]") {
  for (const char* text : {"",
                           "2026",
                           "2026-01-01",
                           "2026-01-01T00:00:00",
                           "2026-01-01 00:00:00Z",
                           "2026-01-01T00:00Z",
                           "2026-1-1T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T12:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567890Z",
                           "2026-01-01T00:00:00+0100",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+01:60",
                           "2026-01-01T00:00:00Zx",
                           " 2026-01-01T00:00:00Z",
                           "+2026-01-01T00:00:00Z",
                           "-026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00"})
    CHECK_FALSE(parse_rfc3339(text));
}
