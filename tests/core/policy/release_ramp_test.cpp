// SPDX-License-Identifier: Apache-2.0
#include "core/policy/release_ramp.hpp"

#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;
using std::chrono::seconds;

namespace {

const mono_time start = mono_time{} + std::chrono::hours{1};

}  // namespace

TEST_CASE("without a recovery the configured limits hold", "[ramp]") {
  release_ramp ramp;
  CHECK_FALSE(ramp.active(start));
  CHECK(ramp.concurrency(start, 10) == 10);
  CHECK(ramp.rate(start, 0) == 0);
  CHECK_FALSE(ramp.next_step(start));
  ramp.begin(start, milliseconds{0});
  CHECK_FALSE(ramp.active(start));
}

TEST_CASE("a recovery begins with one attempt and doubles every tenth of its length", "[ramp]") {
  release_ramp ramp;
  ramp.begin(start, milliseconds{30'000});
  CHECK(ramp.concurrency(start, 10) == 1);
  CHECK(ramp.rate(start, 0) == 10);
  CHECK(ramp.next_step(start) == start + seconds{3});
  CHECK(ramp.concurrency(start + milliseconds{2'999}, 10) == 1);
  CHECK(ramp.concurrency(start + seconds{3}, 10) == 2);
  CHECK(ramp.rate(start + seconds{3}, 0) == 20);
  CHECK(ramp.concurrency(start + seconds{12}, 10) == 10);
  CHECK(ramp.rate(start + seconds{12}, 50) == 50);
  CHECK(ramp.active(start + milliseconds{29'999}));
  CHECK_FALSE(ramp.active(start + seconds{30}));
  CHECK(ramp.rate(start + seconds{30}, 0) == 0);
}

TEST_CASE("a failure takes the recovery one step back", "[ramp]") {
  release_ramp ramp;
  ramp.begin(start, milliseconds{30'000});
  auto now = start + seconds{10};
  CHECK(ramp.concurrency(now, 100) == 8);
  ramp.on_failed(now);
  CHECK(ramp.concurrency(now, 100) == 4);
  CHECK(ramp.next_step(now) == now + seconds{3});
  ramp.on_failed(now);
  ramp.on_failed(now);
  ramp.on_failed(now);
  CHECK(ramp.concurrency(now, 100) == 1);
  now += seconds{31};
  CHECK_FALSE(ramp.active(now));
  ramp.on_failed(now);
  CHECK_FALSE(ramp.active(now));
}

TEST_CASE("a recovery without failures only ever widens, and always ends", "[ramp][property]") {
  std::minstd_rand random{11};
  for (int history = 0; history < 300; ++history) {
    release_ramp ramp;
    const milliseconds length{1 + random() % 60'000};
    const double configured = history % 3 == 0 ? 0 : 1.0 + static_cast<double>(random() % 5'000);
    const auto most = static_cast<std::uint32_t>(1 + random() % 1'000);
    ramp.begin(start, length);
    std::uint32_t concurrency = 0;
    double rate = 0;
    for (auto now = start; ramp.active(now); now += milliseconds{1 + random() % 500}) {
      CHECK(ramp.concurrency(now, most) >= std::max(concurrency, 1u));
      CHECK(ramp.concurrency(now, most) <= most);
      CHECK(ramp.rate(now, configured) >= rate);
      if (configured > 0) CHECK(ramp.rate(now, configured) <= configured);
      CHECK(*ramp.next_step(now) > now);
      concurrency = ramp.concurrency(now, most);
      rate = ramp.rate(now, configured);
    }
    CHECK_FALSE(ramp.active(start + length));
  }
}
