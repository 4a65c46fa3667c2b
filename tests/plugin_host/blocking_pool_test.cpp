// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/blocking_pool.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>

#include "tests/plugin_host/eventually.hpp"

using namespace waybill::core;
using namespace waybill::tests;
using namespace std::chrono_literals;

namespace {

/// A thread of the pool hangs, and has been given up on, when this returns.
/// `leave` is shared because a thread that was given up on may wake after the test has ended.
void hang(blocking_pool& pool, const std::shared_ptr<signal>& leave) {
  auto entered = std::make_shared<signal>();  // a loaded machine may not start the job within the limit: then once more
  while (!entered->is_set())
    CHECK_FALSE(pool.run_within(5ms, [entered, leave] {
      entered->set();
      (void)leave->wait();
    }));
}

}  // namespace

TEST_CASE("A pool runs every job and no more at once than it has threads") {
  blocking_pool pool{2};
  std::atomic<int> now{0}, most{0}, done{0};
  for (int i = 0; i < 200; ++i)
    REQUIRE(pool.post([&] {
      const int inside = ++now;
      if (inside > most) most = inside;
      --now;
      ++done;
    }));
  CHECK(eventually([&] { return done == 200; }));
  CHECK(most <= 2);
}

TEST_CASE("run_within waits for a job that ends in time") {
  blocking_pool pool{1};
  bool ran = false;
  CHECK(pool.run_within(10s, [&] { ran = true; }));
  CHECK(ran);
}

TEST_CASE("A job over its limit is written off and others still run") {
  const auto leave = std::make_shared<signal>();
  std::optional<blocking_pool> pool{1};
  hang(*pool, leave);
  CHECK(pool->written_off() == 1);
  CHECK(pool->run_within(10s, [] {}));
  leave->set();
  CHECK(eventually([&] { return pool->written_off() == 0; }));
  CHECK(pool->run_within(10s, [] {}));
}

TEST_CASE("A job whose limit passed while it waited for a thread does not run") {
  signal entered, leave;
  blocking_pool pool{1, 0};
  REQUIRE(pool.post([&] {
    entered.set();
    (void)leave.wait();
  }));
  REQUIRE(entered.wait());
  std::atomic<bool> ran{false};
  CHECK_FALSE(pool.run_within(1ms, [&] { ran = true; }));
  leave.set();
  CHECK(pool.run_within(10s, [] {}));
  CHECK_FALSE(ran);
}

TEST_CASE("There is an end to spare threads") {
  const auto leave = std::make_shared<signal>();
  blocking_pool pool{1, 2};
  for (int i = 0; i < 3; ++i) hang(pool, leave);
  std::atomic<bool> ran{false};
  REQUIRE(pool.post([&] { ran = true; }));
  CHECK(pool.written_off() == 3);
  CHECK_FALSE(ran);
  leave->set();
  CHECK(eventually([&] { return ran.load(); }));
}

TEST_CASE("Writing off a run that is over does nothing") {
  blocking_pool pool{1};
  blocking_pool::run_id run;
  REQUIRE(pool.run_within(10s, [&] { run = blocking_pool::current(); }));
  CHECK(run.thread != 0);
  REQUIRE(pool.run_within(10s, [] {}));  // the one thread has begun another run: the first is over
  pool.write_off(run);
  pool.write_off({});
  CHECK(pool.written_off() == 0);
  CHECK(blocking_pool::current().thread == 0);
}

TEST_CASE("Stopping runs what waits and does not wait for a thread that is written off") {
  const auto leave = std::make_shared<signal>();
  std::atomic<int> done{0};
  {
    blocking_pool pool{2};
    hang(pool, leave);
    for (int i = 0; i < 50; ++i) REQUIRE(pool.post([&] { ++done; }));
    pool.stop();
    CHECK(done == 50);
    CHECK_FALSE(pool.post([] {}));
  }
  leave->set();
}
