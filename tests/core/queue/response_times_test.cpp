// SPDX-License-Identifier: Apache-2.0
#include "core/queue/response_times.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("percentiles are of the response times that were told") {
  response_times times;
  CHECK(times.empty());
  for (int i = 100; i >= 1; --i) times.add(milliseconds{i});
  CHECK_FALSE(times.empty());
  CHECK(times.percentile(50) == milliseconds{51});
  CHECK(times.percentile(99) == milliseconds{100});
}

TEST_CASE("only the last response times count") {
  response_times times;
  for (int i = 0; i < 1'000; ++i) times.add(milliseconds{9'000});
  for (std::size_t i = 0; i < response_times::kept; ++i) times.add(milliseconds{3});
  CHECK(times.percentile(99) == milliseconds{3});
  times.add(milliseconds{7});
  CHECK(times.percentile(100) == milliseconds{7});
  CHECK(times.percentile(50) == milliseconds{3});
}

TEST_CASE("one response time is every percentile") {
  response_times times;
  times.add(milliseconds{12});
  CHECK(times.percentile(50) == milliseconds{12});
  CHECK(times.percentile(99) == milliseconds{12});
}
