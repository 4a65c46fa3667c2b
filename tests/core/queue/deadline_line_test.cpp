// SPDX-License-Identifier: Apache-2.0
#include "core/queue/deadline_line.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <vector>

using namespace waybill::core;

namespace {

mono_time at(int ms) { return mono_time{} + milliseconds{ms}; }

}  // namespace

TEST_CASE("deadlines leave by their time, whatever the order in which they came") {
  deadline_line line;
  std::vector<int> times;
  for (int i = 0; i < 500; ++i) times.push_back(i);
  std::shuffle(times.begin(), times.end(), std::minstd_rand{7});
  for (const auto ms : times) line.add(at(ms), static_cast<std::uint64_t>(ms));
  for (int i = 0; i < 500; ++i) {
    REQUIRE_FALSE(line.empty());
    CHECK(line.front().first == at(i));
    CHECK(line.front().second == static_cast<std::uint64_t>(i));
    line.pop_front();
  }
  CHECK(line.empty());
}

TEST_CASE("of two deadlines at one time the first to come leaves first") {
  deadline_line line;
  line.add(at(5), 1);
  line.add(at(5), 2);
  CHECK(line.front().second == 1);
}

TEST_CASE("a line of deadlines stays in order while some leave and others come") {
  deadline_line line;
  int added = 0, left = 0;
  for (int round = 0; round < 1'000; ++round) {
    for (int i = 0; i < 3; ++i, ++added) line.add(at(added), static_cast<std::uint64_t>(added));
    for (int i = 0; i < (round % 2 == 0 ? 2 : 4); ++i, ++left) {
      REQUIRE(line.front().second == static_cast<std::uint64_t>(left));
      line.pop_front();
    }
  }
  CHECK(line.empty());
  line.add(at(1), 1);
  CHECK(line.front().second == 1);
}
