// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/call_book.hpp>

#include <catch2/catch.hpp>

#include <future>
#include <memory>

#include <waybill/transfer/idle_pool.hpp>

using namespace waybill::transfer;
using namespace std::chrono_literals;
using found = call_book::canceled_while;

namespace {

struct session {
  explicit session(std::promise<void>& when) : closed(when) {}
  ~session() { closed.set_value(); }
  std::promise<void>& closed;
};

}  // namespace

TEST_CASE("a run stops when nobody waits for any of its calls, and not before") {
  call_book calls;
  const auto run = std::make_shared<call_book::run>();
  for (const wb_token token : {1, 2, 3}) calls.enter(token);
  calls.begin({1, 2, 3}, run);
  CHECK(calls.cancel(1) == found::running);
  CHECK(calls.cancel(1) == found::unknown);  // again: it counts once
  CHECK(calls.is_canceled(1));
  calls.leave(2);  // answered
  CHECK_FALSE(run->stop.stopped());
  CHECK(calls.cancel(3) == found::running);
  CHECK(run->stop.stopped());
}

TEST_CASE("a call that waits is canceled before its run begins, and the run goes on without it") {
  call_book calls;
  const auto run = std::make_shared<call_book::run>();
  calls.enter(1);
  calls.enter(2);
  CHECK(calls.cancel(1) == found::waiting);
  calls.begin({1, 2}, run);
  CHECK_FALSE(run->stop.stopped());
  const auto empty = std::make_shared<call_book::run>();
  calls.begin({1}, empty);
  CHECK(empty->stop.stopped());
  CHECK(calls.cancel(7) == found::unknown);
}

TEST_CASE("idle is when every call has ended and no job is left") {
  call_book calls;
  calls.enter(1);
  calls.job_begins();
  auto idle = std::async(std::launch::async, [&] { calls.wait_idle(20s); });
  calls.leave(1);
  CHECK(idle.wait_for(20ms) == std::future_status::timeout);
  calls.job_ends();
  CHECK(idle.wait_for(10s) == std::future_status::ready);
}

TEST_CASE("of idle sessions the one used last is taken, and an old one is closed") {
  auto& lanes = *new lane_pool{"test", 2};  // never taken down, as in a plugin
  std::promise<void> first;
  std::promise<void> second;
  const auto pool = std::make_shared<idle_pool<std::unique_ptr<session>>>(lanes, lanes.open(1), 50ms);
  CHECK_FALSE(pool->take());
  pool->give(std::make_unique<session>(first));
  pool->give(std::make_unique<session>(second));
  const auto last = pool->take();
  REQUIRE(last != nullptr);
  CHECK(&last->closed == &second);
  CHECK(first.get_future().wait_for(10s) == std::future_status::ready);
  CHECK_FALSE(pool->take());
}

TEST_CASE("a closed pool closes its sessions at once and keeps no other") {
  auto& lanes = *new lane_pool{"test", 2};  // never taken down, as in a plugin
  std::promise<void> first;
  std::promise<void> second;
  const auto pool = std::make_shared<idle_pool<std::unique_ptr<session>>>(lanes, lanes.open(1), 60s);
  pool->give(std::make_unique<session>(first));
  pool->close();
  CHECK(first.get_future().wait_for(0s) == std::future_status::ready);
  pool->give(std::make_unique<session>(second));
  CHECK(second.get_future().wait_for(0s) == std::future_status::ready);
  CHECK_FALSE(pool->take());
}
