// SPDX-License-Identifier: Apache-2.0
#include "core/policy/adaptive_limit.hpp"

#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;
using std::chrono::seconds;

namespace {

const mono_time start = mono_time{} + std::chrono::hours{1};

limit_settings limits(std::uint32_t concurrency, double rate) {
  limit_settings made;
  made.max_concurrency = concurrency;
  made.rate_per_second = rate;
  return made;
}

/// Refusals until one of them is a decrease.
void refuse(adaptive_limit& limit, mono_time now) {
  while (!limit.on_refused(now, now)) continue;
}

/// Deliveries at an even rate, each begun when it ends.
mono_time deliver(adaptive_limit& limit, mono_time from, double per_second, double for_seconds) {
  const auto step = std::chrono::duration_cast<mono_time::duration>(std::chrono::duration<double>(1 / per_second));
  auto now = from;
  while (now < from + std::chrono::duration<double>(for_seconds)) {
    limit.on_delivered(now, now);
    now += step;
  }
  return now;
}

}  // namespace

TEST_CASE("without refusals nothing is limited but by what is configured", "[adaptive]") {
  adaptive_limit free{limits(10, 0)};
  deliver(free, start, 100, 5);
  CHECK_FALSE(free.reduced());
  CHECK(free.concurrency() == 10);
  CHECK(free.rate() == 0);
  CHECK(adaptive_limit{limits(3, 7.5)}.rate() == 7.5);
}

TEST_CASE("a destination that refuses everything loses half", "[adaptive]") {
  adaptive_limit limit{limits(16, 0)};
  CHECK(limit.on_refused(start, start));
  CHECK(limit.reduced());
  CHECK(limit.concurrency() == 8);
  CHECK(limit.pause() == adaptive_limit::longest_pause);
}

TEST_CASE("the decrease follows the share of the answers that were refusals", "[adaptive]") {
  adaptive_limit limit{limits(100, 0)};
  auto now = deliver(limit, start, 200, 3);
  int refusals = 1;
  while (!limit.on_refused(now, now)) ++refusals;
  CHECK(refusals > 8);  // fewer, after so many deliveries, are chance
  CHECK(refusals < 25);
  CHECK(limit.rate() == Approx(200 * (1 - adaptive_limit::tolerated_share / 2)).epsilon(0.05));
  CHECK(limit.concurrency() == 92);
  CHECK(limit.pause() > milliseconds{70});
  CHECK(limit.pause() < milliseconds{90});
}

TEST_CASE("few refusals decrease at most once a second", "[adaptive]") {
  adaptive_limit limit{limits(100, 0)};
  auto now = deliver(limit, start, 200, 3);
  refuse(limit, now);
  now += milliseconds{500};
  CHECK_FALSE(limit.on_refused(now, now));
  now += milliseconds{500};
  CHECK(limit.on_refused(now, now));
}

TEST_CASE("refusals of one round decrease once", "[adaptive]") {
  adaptive_limit limit{limits(16, 0)};
  CHECK(limit.on_refused(start - milliseconds{5}, start));
  for (int i = 1; i < 16; ++i) CHECK_FALSE(limit.on_refused(start - milliseconds{5}, start + milliseconds{i}));
  CHECK(limit.concurrency() == 8);
  CHECK(limit.on_refused(start + milliseconds{20}, start + milliseconds{30}));  // of the next round
  CHECK(limit.concurrency() == 4);
}

TEST_CASE("what is refused again and again comes down to one attempt every two seconds, never to a standstill", "[adaptive]") {
  adaptive_limit limit{limits(100, 1'000)};
  auto now = start;
  for (int i = 0; i < 50; ++i) {
    now += seconds{2};
    CHECK(limit.on_refused(now, now));
  }
  CHECK(limit.concurrency() == 1);
  CHECK(limit.rate() == 0.5);
}

TEST_CASE("deliveries that go well raise the limits until none is left", "[adaptive]") {
  for (const double configured : {0.0, 300.0}) {
    adaptive_limit limit{limits(10, configured)};
    auto now = deliver(limit, start, 100, 3);
    refuse(limit, now);
    const auto rate = limit.rate();
    now = deliver(limit, now, 50, 10);
    CHECK(limit.rate() == Approx(rate + 50).epsilon(0.1));  // half of 100 in ten seconds
    deliver(limit, now, 100, 120);
    CHECK_FALSE(limit.reduced());
    CHECK(limit.rate() == configured);
    CHECK(limit.concurrency() == 10);
  }
}

TEST_CASE("new settings bound what was learnt", "[adaptive]") {
  adaptive_limit limit{limits(10, 0)};
  limit.set_settings(limits(20, 0));
  CHECK(limit.concurrency() == 20);
  const auto now = deliver(limit, start, 100, 3);
  refuse(limit, now);
  limit.set_settings(limits(4, 20));
  CHECK(limit.concurrency() == 4);
  CHECK(limit.rate() == 20);
}

TEST_CASE("whatever happens, the limits stay within their bounds and a refusal never raises them", "[adaptive][property]") {
  std::minstd_rand random{7};
  for (int history = 0; history < 300; ++history) {
    const auto configured = limits(static_cast<std::uint32_t>(1 + random() % 200),
                                   history % 2 == 0 ? 0 : 1.0 + static_cast<double>(random() % 500));
    adaptive_limit limit{configured};
    auto now = start;
    for (int event = 0; event < 500; ++event) {
      now += milliseconds{random() % 700};
      const auto began = now - milliseconds{random() % 300};
      const auto concurrency = limit.concurrency();
      const auto rate = limit.rate();
      if (random() % 5 == 0) {
        const bool news = limit.on_refused(began, now);
        CHECK(limit.concurrency() <= concurrency);
        if (rate > 0) CHECK(limit.rate() <= std::max(rate, 0.5));
        if (!news) CHECK(limit.rate() == rate);
      } else {
        limit.on_delivered(began, now);
        CHECK(limit.concurrency() >= concurrency);
      }
      CHECK(limit.concurrency() >= 1);
      CHECK(limit.concurrency() <= configured.max_concurrency);
      if (configured.rate_per_second > 0) CHECK(limit.rate() <= configured.rate_per_second);
      if (limit.rate() != 0) CHECK(limit.rate() >= 0.5);
    }
  }
}
