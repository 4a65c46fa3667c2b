// SPDX-License-Identifier: Apache-2.0
#include "core/policy/pacing.hpp"

#include <queue>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using namespace waybill::core;
using std::chrono::seconds;

namespace {

const mono_time start = mono_time{} + std::chrono::hours{1};

limit_settings limits(std::uint32_t concurrency, double rate = 0, std::uint32_t burst = 0) {
  return {concurrency, rate, burst};
}

/// A destination that answers after 20 ms and takes `per_second` in every whole second (0: everything).
class simulation {
public:
  explicit simulation(pacing& p, int most = 0, bool says_when = false) : per_second(most), pace_(p), tells_when_(says_when) {}

  double refused_by_chance = 0;  ///< this share of the attempts, whatever their rate
  int per_second;
  mono_time now = start;
  int delivered = 0, refused = 0;
  std::uint32_t most_at_once = 0;

  void run(seconds length, int tasks = 1'000'000) {
    const auto end = now + length;
    while (now < end) {
      while (!out_.empty() && out_.front() + milliseconds{20} <= now) answer();
      for (; tasks > 0; --tasks) {
        const auto wait = pace_.wait(static_cast<std::uint32_t>(out_.size()), now);
        if (!wait || *wait > milliseconds{0}) break;
        pace_.take(now);
        out_.push(now);
        most_at_once = std::max(most_at_once, static_cast<std::uint32_t>(out_.size()));
      }
      now += milliseconds{1};
    }
  }

private:
  void answer() {
    const auto began = out_.front();
    out_.pop();
    const auto second = std::chrono::floor<seconds>(now);
    if (second != second_) {
      second_ = second;
      taken_ = 0;
    }
    if (per_second > 0 && taken_ >= per_second) {
      ++refused;
      const auto rest = std::chrono::ceil<milliseconds>(second + seconds{1} - now);
      return pace_.on_refused(began, now, tells_when_ ? std::optional<milliseconds>{rest} : std::nullopt);
    }
    if (std::bernoulli_distribution{refused_by_chance}(random_)) {
      ++refused;
      return pace_.on_refused(began, now, std::nullopt);
    }
    ++taken_;
    ++delivered;
    pace_.on_delivered(began, now);
  }

  pacing& pace_;
  bool tells_when_;
  std::queue<mono_time> out_;
  mono_time second_{};
  int taken_ = 0;
  std::minstd_rand random_{11};
};

}  // namespace

TEST_CASE("the configured concurrency and rate hold when nothing happened", "[pacing]") {
  pacing pace{limits(3, 2, 2)};
  CHECK(pace.wait(0, start) == milliseconds{0});
  CHECK_FALSE(pace.wait(3, start));
  pace.take(start);
  pace.take(start);
  CHECK(pace.wait(0, start) == milliseconds{500});
  CHECK_FALSE(pace.reduced());
  CHECK_FALSE(pace.recovering(start));
}

TEST_CASE("a refusal without a time pauses the destination for a little, one with a time for as long", "[pacing]") {
  pacing pace{limits(3)};
  pace.on_refused(start, start, std::nullopt);
  CHECK(pace.wait(0, start) == adaptive_limit::longest_pause);
  pace.on_refused(start, start, seconds{7});
  CHECK(pace.wait(0, start) == seconds{7});
}

TEST_CASE("a destination with a rate limit of its own is served close to it, with few refusals", "[pacing][property]") {
  for (const int per_second : {5, 20, 100, 400}) {
    for (const bool tells_when : {false, true}) {
      pacing pace{limits(10)};
      simulation world{pace, per_second, tells_when};
      world.run(seconds{120});
      INFO(per_second << "/s, delivered " << world.delivered << ", refused " << world.refused);
      CHECK(world.delivered > per_second * 120 * 80 / 100);
      CHECK(world.refused < world.delivered / 5);
      // The limit is lifted: so is ours, by and by.
      world.per_second = 0;
      world.run(seconds{120});
      CHECK_FALSE(pace.reduced());
      CHECK(pace.rate(world.now) == 0);
    }
  }
}

TEST_CASE("a destination that refuses one attempt in fourteen by chance is served at full speed", "[pacing][property]") {
  pacing pace{limits(10)};
  simulation world{pace};
  world.refused_by_chance = 1.0 / 14;
  world.run(seconds{120});
  INFO("delivered " << world.delivered << ", refused " << world.refused);
  CHECK(world.delivered + world.refused > 120 * 475 * 9 / 10);  // ten at once, 21 ms each
}

TEST_CASE("a recovery lets parked tasks go in growing steps", "[pacing]") {
  pacing pace{limits(50)};
  pace.begin_recovery(start, seconds{30});
  simulation world{pace};
  world.run(seconds{3});
  CHECK(world.delivered <= 30);
  CHECK(world.delivered >= 28);
  CHECK(world.most_at_once == 1);
  world.run(seconds{3});
  CHECK(world.delivered <= 30 + 61);
  CHECK(world.most_at_once <= 2);
  world.run(seconds{30});
  CHECK_FALSE(pace.recovering(world.now));
  world.run(seconds{1});
  CHECK(world.most_at_once == 50);
}

TEST_CASE("somebody who waits for a wider step is told when it begins", "[pacing]") {
  pacing pace{limits(50)};
  pace.begin_recovery(start, seconds{30});
  CHECK(pace.wait(1, start) == seconds{3});
}

TEST_CASE("new settings keep what the bucket holds", "[pacing]") {
  pacing pace{limits(5, 1, 3)};
  for (int i = 0; i < 3; ++i) pace.take(start);
  pace.set_settings(limits(5, 1, 3), start);
  CHECK(pace.wait(0, start) == seconds{1});
  pace.set_settings(limits(5, 10, 3), start);
  CHECK(pace.wait(0, start) == milliseconds{100});
  pace.set_settings(limits(5), start);
  CHECK(pace.wait(0, start) == milliseconds{0});
}
