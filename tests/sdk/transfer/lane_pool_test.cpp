// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/lane_pool.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

using waybill::transfer::lane_pool;
using namespace std::chrono_literals;

namespace {

// Never taken down, as in a plugin.
lane_pool& pool_of(std::size_t threads) { return *new lane_pool{"test", threads}; }

/// Jobs that say that they run and wait until they may end.
struct gate {
  std::promise<void> open;
  std::shared_future<void> opened = open.get_future().share();
  std::atomic<int> inside{0};
};

}  // namespace

TEST_CASE("a lane never runs more jobs at once than its width") {
  auto& pool = pool_of(8);
  const auto lane = pool.open(2);
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::vector<std::promise<void>> done(20);
  for (auto& one : done)
    REQUIRE(pool.run(lane, [&] {
      const int running = ++now;
      int seen = most;
      while (running > seen && !most.compare_exchange_weak(seen, running)) {}
      std::this_thread::yield();
      --now;
      one.set_value();
    }));
  for (auto& one : done) REQUIRE(one.get_future().wait_for(10s) == std::future_status::ready);
  CHECK(most <= 2);
}

TEST_CASE("a lane that hangs leaves the other lanes their threads") {
  auto& pool = pool_of(3);
  const auto stuck = pool.open(2);
  auto hold = std::make_shared<gate>();
  for (int i = 0; i < 5; ++i) REQUIRE(pool.run(stuck, [hold] { hold->opened.wait(); }));
  std::promise<void> ran;
  REQUIRE(pool.run(pool.open(1), [&] { ran.set_value(); }));
  CHECK(ran.get_future().wait_for(10s) == std::future_status::ready);
  hold->open.set_value();
}

TEST_CASE("jobs of a lane of width one run in order") {
  auto& pool = pool_of(4);
  const auto lane = pool.open(1);
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < 100; ++i)
    REQUIRE(pool.run(lane, [&, i] {
      order.push_back(i);
      if (i == 99) done.set_value();
    }));
  REQUIRE(done.get_future().wait_for(10s) == std::future_status::ready);
  CHECK(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("a job for later runs at its time, the earlier one first") {
  auto& pool = pool_of(1);
  const auto lane = pool.open(1);
  const auto now = std::chrono::steady_clock::now();
  std::vector<int> order;
  std::promise<void> done;
  REQUIRE(pool.run_at(now + 40ms, lane, [&] {
    order.push_back(2);
    done.set_value();
  }));
  REQUIRE(pool.run_at(now + 10ms, lane, [&] { order.push_back(1); }));
  REQUIRE(done.get_future().wait_for(10s) == std::future_status::ready);
  CHECK(order == std::vector<int>{1, 2});
  CHECK(std::chrono::steady_clock::now() >= now + 40ms);
}
