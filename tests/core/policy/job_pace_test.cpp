// SPDX-License-Identifier: Apache-2.0
#include "core/policy/job_pace.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;
using std::chrono::milliseconds;

namespace {

mono_time at(std::int64_t ms) { return mono_time{} + milliseconds{1'000'000 + ms}; }

/// How many go within a second when whoever asks waits as long as he is told.
std::uint32_t in_a_second(job_pace& pace, std::int64_t from) {
  std::uint32_t all = 0;
  for (auto now = at(from); now < at(from + 1'000);) {
    const auto granted = pace.granted(now);
    pace.take(granted, now);
    all += granted;
    now += std::max(pace.wait(now), milliseconds{1});
  }
  return all;
}

}  // namespace

TEST_CASE("a job goes at its pace, in portions of a tenth of a second") {
  for (const std::uint32_t rate : {1u, 9u, 10u, 400u, 1'000u, 20'000u}) {
    INFO(rate);
    job_pace pace(rate, 100);
    in_a_second(pace, 0);  // what it may begin with is spent
    for (int second = 1; second < 4; ++second) {
      const auto went = in_a_second(pace, second * 1'000);
      CHECK(went >= rate - rate / 10 - 1);
      CHECK(went <= rate + rate / 10 + 1);
    }
  }
}

TEST_CASE("a portion is never larger than it may be, nor smaller than is worth it") {
  job_pace pace(400, 100);
  CHECK(pace.granted(at(0)) == 40);
  pace.take(40, at(0));
  CHECK(pace.granted(at(50)) == 0);
  CHECK(pace.wait(at(50)) == milliseconds{50});
  CHECK(pace.granted(at(100)) == 40);
  job_pace fast(5'000, 100);
  CHECK(fast.granted(at(0)) == 100);
}

TEST_CASE("nothing is saved up beyond a tenth of a second") {
  job_pace pace(50, 100);
  pace.take(pace.granted(at(0)), at(0));
  CHECK(pace.granted(at(3'600'000)) == 5);
}

TEST_CASE("a changed pace counts from then on") {
  job_pace pace(1, 100);
  CHECK(pace.granted(at(0)) == 1);
  pace.take(1, at(0));
  CHECK(pace.wait(at(0)) == milliseconds{1'000});
  pace.change(1'000);
  CHECK(pace.per_second() == 1'000);
  CHECK(pace.granted(at(1)) == 100);
}
