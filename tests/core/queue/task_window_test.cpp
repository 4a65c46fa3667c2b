// SPDX-License-Identifier: Apache-2.0
#include "core/queue/task_window.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace waybill::core;

namespace {

const utc_time start = from_unix_ms(1'800'000'000'000);

queued_task make_task(std::uint8_t priority = 5, milliseconds due_in = milliseconds{0}, std::size_t size = 10) {
  auto content = std::make_shared<delivery>();
  content->content.assign(size, 'x');
  queued_task t;
  t.state.id = task_id::make();
  t.state.priority = priority;
  t.state.due_at = start + due_in;
  t.content = content;
  return t;
}

}  // namespace

TEST_CASE("a window gives the highest priority first, then the earliest due, then the oldest") {
  task_window window(100, 1 << 20);
  auto late = make_task(5, milliseconds{2});
  auto early = make_task(5, milliseconds{1});
  auto urgent = make_task(9, milliseconds{3});
  for (const auto& t : {late, early, urgent}) window.offer(t);
  const auto now = start + milliseconds{10};
  CHECK(window.pop_due(now)->state.id == urgent.state.id);
  CHECK(window.pop_due(now)->state.id == early.state.id);
  CHECK(window.pop_due(now)->state.id == late.state.id);
  CHECK_FALSE(window.pop_due(now));
}

TEST_CASE("a task is not given before its time") {
  task_window window(100, 1 << 20);
  window.offer(make_task(5, milliseconds{1'000}));
  CHECK_FALSE(window.has_due(start));
  CHECK(window.next_due() == start + milliseconds{1'000});
  CHECK(window.has_due(start + milliseconds{1'000}));
}

TEST_CASE("a full window turns tasks away and asks the store for them when half of it is free") {
  task_window window(4, 1 << 20);
  std::vector<queued_task> tasks;
  for (int i = 0; i < 6; ++i) {
    tasks.push_back(make_task());
    window.offer(tasks.back());
  }
  CHECK(window.held().size() == 4);
  CHECK_FALSE(window.wants_claim(start));
  for (int i = 0; i < 2; ++i) {
    auto t = window.pop_due(start);
    REQUIRE(t);
    window.forget(t->state.id, t->content->content.size());
  }
  CHECK(window.wants_claim(start));
  window.take_claim({{tasks[4], tasks[5]}, false, std::nullopt});
  CHECK_FALSE(window.wants_claim(start));
  CHECK(window.held().size() == 4);
}

TEST_CASE("a window is bounded by the bytes it holds too") {
  task_window window(1'000, 100);
  for (int i = 0; i < 10; ++i) window.offer(make_task(5, milliseconds{0}, 40));
  CHECK(window.held().size() == 3);
}

TEST_CASE("a retry far off is left to the store, one at hand is kept") {
  task_window window(10, 1 << 20);
  auto t = make_task();
  window.offer(t);
  t = *window.pop_due(start);
  t.state.due_at = start + milliseconds{500};
  window.reschedule(t, start);
  CHECK(window.held().count(t.state.id) == 1);
  t = *window.pop_due(start + milliseconds{500});
  t.state.due_at = start + milliseconds{60'000};
  window.reschedule(t, start + milliseconds{500});
  CHECK(window.held().empty());
  CHECK(window.next_due() == start + milliseconds{60'000});
  CHECK(window.wants_claim(start + milliseconds{60'000}));
}

TEST_CASE("a retry left to the store while a claim is under way is not forgotten by its answer") {
  task_window window(10, 1 << 20);
  auto t = make_task();
  window.offer(t);
  t = *window.pop_due(start);
  window.claim_sent();
  t.state.due_at = start + milliseconds{60'000};
  window.reschedule(t, start);
  window.take_claim({{}, false, std::nullopt});
  CHECK(window.next_due() == start + milliseconds{60'000});
}

TEST_CASE("whatever happens to a window, a task is never in it twice and never given twice") {
  std::mt19937 random(7);
  task_window window(20, 1 << 20);
  std::set<std::string> out;
  std::vector<queued_task> known;
  auto now = start;
  for (int step = 0; step < 20'000; ++step) {
    now += milliseconds{random() % 3};
    switch (random() % 5) {
      case 0:
        known.push_back(
            make_task(static_cast<std::uint8_t>(random() % 11), milliseconds{step + static_cast<int>(random() % 50)}));
        window.offer(known.back());
        break;
      case 1:
        if (!known.empty()) window.offer(known[random() % known.size()]);
        break;
      case 2:
        if (auto t = window.pop_due(now)) {
          CHECK(out.insert(t->state.id.to_string()).second);
          known.erase(std::remove_if(known.begin(), known.end(), [&](const auto& k) { return k.state.id == t->state.id; }),
                      known.end());
        }
        break;
      case 3:
        if (!known.empty() && window.withdraw(known.back().state.id)) known.pop_back();
        break;
      default:
        CHECK(window.held().size() <= 20);
    }
  }
}
