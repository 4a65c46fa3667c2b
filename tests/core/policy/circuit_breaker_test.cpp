// SPDX-License-Identifier: Apache-2.0
#include "core/policy/circuit_breaker.hpp"

#include <algorithm>
#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

constexpr milliseconds recovery{1'000};
const utc_time start = from_unix_ms(1'000'000'000'000);

breaker_settings settings_of(std::uint32_t threshold, std::uint32_t trials) {
  breaker_settings settings;
  settings.failure_threshold = threshold;
  settings.recovery_timeout = recovery;
  settings.max_recovery_timeout = 8 * recovery;
  settings.half_open_max_calls = trials;
  return settings;
}

/// A breaker that its own failures have opened at `now`.
circuit_breaker opened(std::uint32_t threshold, std::uint32_t trials, utc_time now) {
  circuit_breaker breaker{settings_of(threshold, trials)};
  for (std::uint32_t i = 0; i < threshold; ++i) breaker.on_failure(now);
  return breaker;
}

}  // namespace

TEST_CASE("a breaker opens with the threshold of failures in a row, not before", "[breaker]") {
  circuit_breaker breaker{settings_of(3, 1)};
  for (int i = 0; i < 2; ++i) {
    CHECK(breaker.try_acquire(start));
    breaker.on_failure(start);
  }
  CHECK(breaker.state() == breaker_state::closed);
  breaker.on_success(start);
  CHECK(breaker.consecutive_failures() == 0);
  for (int i = 0; i < 3; ++i) breaker.on_failure(start);
  CHECK(breaker.state() == breaker_state::open);
  CHECK(breaker.opened_at() == start);
  CHECK(breaker.next_attempt_at() == start + recovery);
  CHECK_FALSE(breaker.try_acquire(start));
  CHECK_FALSE(breaker.try_acquire(start + recovery - milliseconds{1}));
}

TEST_CASE("after the recovery timeout as many trials go out as are allowed", "[breaker]") {
  auto breaker = opened(2, 3, start);
  const auto later = start + recovery;
  CHECK(breaker.try_acquire(later));
  CHECK(breaker.state() == breaker_state::half_open);
  CHECK_FALSE(breaker.next_attempt_at());
  CHECK(breaker.try_acquire(later));
  CHECK(breaker.try_acquire(later));
  CHECK_FALSE(breaker.try_acquire(later));
}

TEST_CASE("all trials succeed and it is closed", "[breaker]") {
  auto breaker = opened(2, 2, start);
  const auto later = start + recovery;
  CHECK(breaker.try_acquire(later));
  CHECK(breaker.try_acquire(later));
  breaker.on_success(later);
  CHECK(breaker.state() == breaker_state::half_open);
  CHECK_FALSE(breaker.try_acquire(later));  // one passed, one out: both places are taken
  breaker.on_success(later);
  CHECK(breaker.state() == breaker_state::closed);
  CHECK(breaker.openings() == 0);
  CHECK_FALSE(breaker.opened_at());
}

TEST_CASE("one trial fails and it opens again for twice as long, up to the maximum", "[breaker]") {
  auto breaker = opened(2, 2, start);
  auto now = start;
  for (const int factor : {2, 4, 8, 8, 8}) {
    now = *breaker.next_attempt_at();
    CHECK(breaker.try_acquire(now));
    breaker.on_failure(now);
    CHECK(breaker.state() == breaker_state::open);
    CHECK(*breaker.next_attempt_at() - now == factor * recovery);
  }
}

TEST_CASE("an abandoned trial gives its place back and decides nothing", "[breaker]") {
  auto breaker = opened(2, 1, start);
  const auto later = start + recovery;
  CHECK(breaker.try_acquire(later));
  CHECK_FALSE(breaker.try_acquire(later));
  breaker.on_abandoned();
  CHECK(breaker.state() == breaker_state::half_open);
  CHECK(breaker.try_acquire(later));
}

TEST_CASE("a call that began before it opened neither closes nor opens it", "[breaker]") {
  auto breaker = opened(2, 1, start);
  const auto next = breaker.next_attempt_at();
  breaker.on_success(start);
  CHECK(breaker.state() == breaker_state::open);
  breaker.on_failure(start + milliseconds{1});
  CHECK(breaker.next_attempt_at() == next);
  CHECK(breaker.openings() == 1);
}

TEST_CASE("enabled by hand it is as new", "[breaker]") {
  auto breaker = opened(2, 1, start);
  breaker.reset();
  CHECK(breaker.state() == breaker_state::closed);
  CHECK(breaker.consecutive_failures() == 0);
  CHECK(breaker.try_acquire(start));
}

TEST_CASE("after a restart it goes on as it stood", "[breaker]") {
  circuit_breaker breaker{settings_of(2, 1)};
  breaker.restore(breaker_state::open, 7, start, start + 4 * recovery, 3);
  CHECK_FALSE(breaker.try_acquire(start + 4 * recovery - milliseconds{1}));
  CHECK(breaker.try_acquire(start + 4 * recovery));
  breaker.on_failure(start + 4 * recovery);
  CHECK(*breaker.next_attempt_at() - (start + 4 * recovery) == 8 * recovery);
  CHECK(breaker.consecutive_failures() == 8);

  circuit_breaker half{settings_of(2, 1)};
  half.restore(breaker_state::half_open, 3, start, std::nullopt, 1);
  CHECK(half.try_acquire(start));
  CHECK_FALSE(half.try_acquire(start));

  circuit_breaker holes{settings_of(2, 1)};
  holes.restore(breaker_state::open, 0, std::nullopt, std::nullopt, 0);
  CHECK(holes.try_acquire(start));  // opened nobody knows when: long ago
}

TEST_CASE("fewer places than trials passed already closes it instead of holding it for ever", "[breaker]") {
  auto breaker = opened(2, 3, start);
  const auto later = start + recovery;
  CHECK(breaker.try_acquire(later));
  breaker.on_success(later);
  breaker.set_settings(settings_of(2, 1));
  CHECK(breaker.try_acquire(later));
  CHECK(breaker.state() == breaker_state::closed);
}

// Whatever happens, in whatever order:
// (1) while open and before its time no call passes; (2) in half-open never more than N calls are out, and never more than N
// pass in one trial; (3) the timeout is recovery * 2^k and at most the maximum; (4) it opens out of closed only with the
// threshold of failures in a row; (5) there is always a way on: some later moment, or an end of a call out, lets a call pass.
TEST_CASE("no random history breaks the rules of a breaker", "[breaker][property]") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    const std::uint32_t threshold = 1 + pick(5), trials = 1 + pick(4);
    circuit_breaker breaker{settings_of(threshold, trials)};
    auto now = start;
    unsigned out = 0;  // trials out, as the caller counts them
    for (int step = 0; step < 500; ++step) {
      const auto before = breaker.state();
      const auto next = breaker.next_attempt_at();
      const auto failures = breaker.consecutive_failures();
      switch (pick(5)) {
        case 0:
          now += milliseconds{pick(3'000)};
          break;
        case 1:
        case 2: {
          const bool passed = breaker.try_acquire(now);
          if (before == breaker_state::open) REQUIRE(passed == (now >= *next));  // (1)
          if (before == breaker_state::closed) REQUIRE(passed);
          if (passed && breaker.state() == breaker_state::half_open) out = before == breaker_state::open ? 1 : out + 1;
          break;
        }
        case 3:
          if (before == breaker_state::half_open && out == 0) break;
          if (before == breaker_state::open) break;
          breaker.on_success(now);
          if (before == breaker_state::half_open) --out;
          REQUIRE(breaker.consecutive_failures() == 0);
          break;
        case 4:
          if (before != breaker_state::closed && out == 0) break;
          if (pick(4) == 0) {
            breaker.on_abandoned();
            if (before == breaker_state::half_open) --out;
            REQUIRE(breaker.state() == before);
            break;
          }
          if (before == breaker_state::open) break;
          breaker.on_failure(now);
          if (before == breaker_state::closed)
            REQUIRE((breaker.state() == breaker_state::open) == (failures + 1 >= threshold));  // (4)
          if (before == breaker_state::half_open) REQUIRE(breaker.state() == breaker_state::open);
          out = 0;
          break;
      }
      REQUIRE(out <= trials);  // (2)
      if (breaker.state() == breaker_state::open && before != breaker_state::open) {
        const auto timeout = *breaker.next_attempt_at() - now;  // (3)
        REQUIRE(timeout <= 8 * recovery);
        REQUIRE(timeout == recovery * (1 << std::min(breaker.openings() - 1, 3u)));
      }
      if (breaker.state() == breaker_state::closed) out = 0;
    }
    for (unsigned i = 0; i < out; ++i) breaker.on_abandoned();  // (5)
    REQUIRE(breaker.try_acquire(now + 8 * recovery));
  }
}
