// SPDX-License-Identifier: Apache-2.0
#include "core/queue/task_window.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "core/queue/task_rank.hpp"

using namespace waybill::core;

namespace {

const utc_time start = from_unix_ms(1'800'000'000'000);

queued_task make_task(std::uint8_t priority = 5, milliseconds due_in = milliseconds{0}, std::size_t size = 10) {
  auto content = std::make_shared<delivery>();
  content->content.assign(size, 'x');
  queued_task t;
  t.state.id = task_id::make();
  t.state.priority = priority;
  t.state.created_at = start;
  t.state.due_at = start + due_in;
  t.state.rank = rank_of(start, priority, usual_ageing_step);
  t.content = content;
  return t;
}

queued_task make_keyed(const std::string& key, milliseconds due_in = milliseconds{0}) {
  auto t = make_task(5, due_in);
  auto content = std::make_shared<delivery>(*t.content);
  content->ordering_key = key;
  t.content = content;
  return t;
}

/// As if it had been accepted so long after `start`, due from then on.
queued_task make_task_at(milliseconds created, std::uint8_t priority) {
  auto t = make_task(priority, created);
  t.state.created_at = start + created;
  t.state.rank = rank_of(t.state.created_at, priority, usual_ageing_step);
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

TEST_CASE("a task of the lowest priority goes before a flood of the highest that came ten steps later", "[window]") {
  task_window window(100, 1 << 20);
  const auto low = make_task_at(milliseconds{0}, 0);
  window.offer(low);
  const auto step = usual_ageing_step.count();
  for (std::int64_t i = 0; i < 50; ++i) window.offer(make_task_at(milliseconds{i * 10}, 10));
  CHECK(window.pop_due(start + milliseconds{10 * step})->state.priority == 10);
  for (int i = 0; i < 49; ++i) CHECK(window.pop_due(start + milliseconds{10 * step})->state.priority == 10);
  window.offer(make_task_at(milliseconds{10 * step + 1}, 10));
  CHECK(window.pop_due(start + milliseconds{11 * step})->state.id == low.state.id);
}

TEST_CASE("a first attempt goes before a retry that came due at the same time, but not before one due a minute earlier",
          "[window]") {
  task_window window(100, 1 << 20);
  auto retry = make_task(5, milliseconds{1'000});
  retry.state.status = task_status::retrying;
  retry.state.attempts = 1;
  const auto handicap = retry_handicap.count();
  const auto fresh = make_task_at(milliseconds{1'000}, 5), later = make_task_at(milliseconds{1'001 + handicap}, 5);
  for (const auto& t : {retry, fresh, later}) window.offer(t);
  const auto now = start + milliseconds{2'000 + handicap};
  CHECK(window.pop_due(now)->state.id == fresh.state.id);
  CHECK(window.pop_due(now)->state.id == retry.state.id);
  CHECK(window.pop_due(now)->state.id == later.state.id);
}

TEST_CASE("a flood of fresh tasks leaves room for a claim of what waits in the store", "[window]") {
  task_window window(8, 1 << 20);
  for (int i = 0; i < 9; ++i) window.offer(make_task());
  CHECK(window.held().size() == 8);
  int claims = 0;
  for (int i = 0; i < 100; ++i) {
    auto done = window.pop_due(start);
    REQUIRE(done);
    window.forget(done->state.id, 10);
    window.offer(make_task());
    if (!window.wants_claim(start)) continue;
    ++claims;
    window.claim_sent();
    claim_result answer;
    answer.more_due = true;
    for (std::uint32_t room = std::min(window.room(), 2u); room > 0; --room) answer.tasks.push_back(make_task());
    window.take_claim(std::move(answer));
  }
  CHECK(claims > 30);
}

TEST_CASE("a task past its deadline is given up instead of tried", "[window]") {
  task_window window(100, 1 << 20);
  auto late = make_task();
  late.state.deliver_by = start + milliseconds{100};
  window.offer(late);
  CHECK(window.has_due(start + milliseconds{99}));
  CHECK_FALSE(window.has_due(start + milliseconds{100}));
  CHECK(window.held().empty());
}

TEST_CASE("of a key one task is out at a time, whatever becomes of it", "[window]") {
  task_window window(100, 1 << 20);
  const auto first = make_keyed("k"), second = make_keyed("k", milliseconds{1}), other = make_keyed("x", milliseconds{2});
  for (const auto& t : {first, second, other}) window.offer(t);
  const auto now = start + milliseconds{10};
  auto out = window.pop_due(now);
  CHECK(out->state.id == first.state.id);
  CHECK(window.pop_due(now)->state.id == other.state.id);
  CHECK_FALSE(window.has_due(now));
  CHECK(window.waiting() == 1);
  SECTION("recorded") { window.forget(first.state.id, 10); }
  SECTION("put off for a retry") {
    out->state.due_at = now + milliseconds{1'000};
    window.reschedule(*out, now);
  }
  SECTION("put off for a late retry") {
    out->state.due_at = now + milliseconds{60'000};
    window.reschedule(*out, now);
  }
  CHECK(window.pop_due(now)->state.id == second.state.id);
  CHECK_FALSE(window.has_due(now));
}

TEST_CASE("a task that waits for another of its key can be withdrawn and is forgotten with the rest", "[window]") {
  task_window window(100, 1 << 20);
  const auto first = make_keyed("k"), second = make_keyed("k", milliseconds{1}), third = make_keyed("k", milliseconds{2});
  for (const auto& t : {first, second, third}) window.offer(t);
  const auto now = start + milliseconds{10};
  REQUIRE(window.pop_due(now));
  CHECK_FALSE(window.has_due(now));
  CHECK(window.withdraw(second.state.id));
  CHECK(window.held().size() == 2);
  window.clear_waiting();
  CHECK(window.held().size() == 1);
  CHECK(window.waiting() == 0);
  window.forget(first.state.id, 10);
  CHECK_FALSE(window.has_due(now));
}

TEST_CASE("no two tasks of a key are ever out together and none is lost, over random histories", "[window]") {
  const auto seed = GENERATE(range(1u, 11u));
  std::mt19937 random{seed};
  const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>{0, below - 1}(random); };
  task_window window(64, 1 << 20);
  std::map<std::string, int> out_by_key;
  std::vector<queued_task> out;
  std::set<std::string> in_window;
  auto now = start;
  for (int step = 0; step < 2'000; ++step) {
    now += milliseconds{pick(3)};
    if (pick(2) == 0) {
      const auto key = pick(4) == 0 ? std::string() : std::string(1, static_cast<char>('a' + pick(3)));
      auto task = make_keyed(key, now - start + milliseconds{pick(20)});
      window.offer(task);
      if (window.held().count(task.state.id) != 0) in_window.insert(task.state.id.to_string());
    }
    if (pick(2) == 0) {
      if (auto task = window.pop_due(now)) {
        const auto& key = task->content->ordering_key;
        if (!key.empty()) REQUIRE(++out_by_key[key] == 1);
        out.push_back(*task);
      }
    } else if (!out.empty()) {
      const auto at = out.begin() + static_cast<std::ptrdiff_t>(pick(out.size()));
      auto task = *at;
      out.erase(at);
      --out_by_key[task.content->ordering_key];
      if (pick(2) == 0) {
        window.forget(task.state.id, 10);
        in_window.erase(task.state.id.to_string());
      } else {
        window.put_back(task);
      }
    }
    REQUIRE(window.held().size() == in_window.size());
    REQUIRE(window.waiting() == in_window.size() - out.size());
  }
  for (auto& task : out) window.forget(task.state.id, 10);
  std::size_t left = in_window.size() - out.size();
  for (now += milliseconds{1'000}; auto task = window.pop_due(now); --left) window.forget(task->state.id, 10);
  CHECK(left == 0);
}

TEST_CASE("a used-up budget leaves a window a few waiting tasks beside those that are out", "[window]") {
  window_budget budget(1);
  task_window window(1'000, 1 << 20, &budget);
  for (int i = 0; i < 20; ++i) window.offer(make_task());
  CHECK(window.held().size() == task_window::least_burst);
  CHECK(budget.used() == task_window::least_burst * (10 + task_window::task_overhead));
  const auto out = window.pop_due(start), second = window.pop_due(start);
  REQUIRE(second);
  CHECK(window.room() == 2);
  CHECK(window.wants_claim(start));
  for (const auto& t : {*out, *second}) window.forget(t.state.id, 10);
  window.clear_waiting();
  CHECK(budget.used() == 0);
}

TEST_CASE("with the budget used up, a window that runs dry claims more each time, one that does not claims fewer", "[window]") {
  window_budget budget(1);
  budget.take(1);
  task_window window(1'000, 1 << 20, &budget);
  window.expect_more();
  std::size_t last = 0;
  const auto claim = [&] {
    window.claim_sent();
    claim_result answer;
    answer.more_due = true;
    last = window.room();
    for (std::size_t i = 0; i < last; ++i) answer.tasks.push_back(make_task());
    window.take_claim(std::move(answer));
  };
  for (int i = 0; i < 8; ++i) {
    REQUIRE(window.wants_claim(start));
    claim();
    while (auto task = window.pop_due(start)) window.forget(task->state.id, 10);
  }
  CHECK(last == 256);
  for (int i = 0; i < 40; ++i) {
    claim();
    while (!window.wants_claim(start)) {
      auto task = window.pop_due(start);
      REQUIRE(task);
      window.forget(task->state.id, 10);
    }
  }
  CHECK(window.waiting() <= task_window::least_burst);
}

TEST_CASE("a window gives its memory back when it ends, and holds all it may while there is room", "[window]") {
  window_budget budget(1'000'000);
  {
    task_window window(100, 1 << 20, &budget);
    for (int i = 0; i < 120; ++i) window.offer(make_task());
    CHECK(window.held().size() == 100);
    CHECK(budget.used() > 100 * task_window::task_overhead);
  }
  CHECK(budget.used() == 0);
}
