// SPDX-License-Identifier: Apache-2.0
#include "core/policy/rate_limiter.hpp"

#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

const mono_time start = mono_time{} + std::chrono::hours{1};

int take_all(token_bucket& bucket, mono_time now) {
  int taken = 0;
  while (taken < 1'000'000 && bucket.try_take(now)) ++taken;
  return taken;
}

}  // namespace

TEST_CASE("a bucket gives its burst at once and then its rate", "[rate]") {
  token_bucket bucket{10, 5};
  CHECK(take_all(bucket, start) == 5);
  CHECK(bucket.wait(start) == milliseconds{100});
  CHECK_FALSE(bucket.try_take(start + milliseconds{99}));
  CHECK(bucket.try_take(start + milliseconds{100}));
  CHECK(take_all(bucket, start + std::chrono::seconds{60}) == 5);
}

TEST_CASE("without a burst it is one second's worth, and one at least", "[rate]") {
  token_bucket fast{50, 0};
  CHECK(take_all(fast, start) == 50);
  token_bucket slow{0.1, 0};
  CHECK(take_all(slow, start) == 1);
  CHECK(slow.wait(start) == milliseconds{10'000});
}

TEST_CASE("a rate of zero limits nothing", "[rate]") {
  token_bucket bucket{0, 0};
  CHECK(bucket.unlimited());
  CHECK(take_all(bucket, start) == 1'000'000);
  CHECK(bucket.wait(start) == milliseconds{0});
}

TEST_CASE("held, even a bucket without limit gives nothing until then", "[rate]") {
  for (const double rate : {0.0, 100.0}) {
    token_bucket bucket{rate, 10};
    bucket.hold(start + std::chrono::seconds{5});
    bucket.hold(start + std::chrono::seconds{2});  // the later one holds
    CHECK_FALSE(bucket.try_take(start));
    CHECK(bucket.available(start) == 0);
    CHECK(bucket.wait(start) == milliseconds{5'000});
    CHECK(bucket.try_take(start + std::chrono::seconds{5}));
  }
}

TEST_CASE("a clock that stands still or is asked for the past gives no tokens", "[rate]") {
  token_bucket bucket{10, 1};
  CHECK(bucket.try_take(start));
  CHECK_FALSE(bucket.try_take(start - std::chrono::seconds{10}));
  CHECK_FALSE(bucket.try_take(start));
  CHECK(bucket.try_take(start + milliseconds{100}));
}

// Whatever the pattern of calls: (1) over any time t not more than burst + rate * t are let through; (2) after waiting exactly
// wait() one is let through; (3) available() stays within 0 and the burst.
TEST_CASE("no random pattern of calls gets more than the rate", "[rate][property]") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const double rate = 0.5 + static_cast<double>(random() % 1'000) / 3;
    const auto burst = static_cast<std::uint32_t>(1 + random() % 50);
    token_bucket bucket{rate, burst};
    auto now = start;
    double taken = 0;
    for (int step = 0; step < 2'000; ++step) {
      now += std::chrono::microseconds{random() % 20'000};
      if (random() % 10 == 0) {
        now += bucket.wait(now);
        REQUIRE(bucket.try_take(now));  // (2)
        ++taken;
      } else if (bucket.try_take(now)) {
        ++taken;
      }
      const double elapsed = std::chrono::duration<double>(now - start).count();
      REQUIRE(taken <= burst + rate * elapsed + 0.01);  // (1)
      const double left = bucket.available(now);
      REQUIRE(left >= 0);  // (3)
      REQUIRE(left <= burst);
    }
  }
}
