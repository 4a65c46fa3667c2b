// SPDX-License-Identifier: Apache-2.0
#include "core/queue/batch_collector.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace waybill::core;

namespace {

const mono_time start{std::chrono::hours{1}};

queued_task make_task(std::size_t size = 10) {
  auto content = std::make_shared<delivery>();
  content->content.assign(size, 'x');
  queued_task t;
  t.state.id = task_id::make();
  t.content = content;
  return t;
}

batch_settings limits(std::uint32_t count, std::uint64_t bytes, milliseconds wait) { return {count, bytes, wait}; }

}  // namespace

TEST_CASE("a batch is ready when it has as many tasks as it may", "[batch]") {
  batch_collector batches;
  batches.set_limits(limits(3, 1'000, milliseconds{100}));
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(batches.is_ready(start));
    REQUIRE(batches.wants_more());
    batches.add(make_task(), start);
  }
  CHECK_FALSE(batches.wants_more());
  CHECK(batches.is_ready(start));
  CHECK(batches.take().size() == 3);
  CHECK(batches.empty());
  CHECK_FALSE(batches.is_ready(start + milliseconds{1'000}));
}

TEST_CASE("a batch is ready when its first task has waited long enough", "[batch]") {
  batch_collector batches;
  batches.set_limits(limits(100, 1'000, milliseconds{100}));
  CHECK_FALSE(batches.ready_at());
  batches.add(make_task(), start);
  batches.add(make_task(), start + milliseconds{90});
  CHECK_FALSE(batches.is_ready(start + milliseconds{99}));
  CHECK(batches.ready_at() == start + milliseconds{100});
  CHECK(batches.is_ready(start + milliseconds{100}));
  CHECK(batches.take().size() == 2);
}

TEST_CASE("a task that does not fit by its bytes begins the next batch", "[batch]") {
  batch_collector batches;
  batches.set_limits(limits(100, 100, milliseconds{100}));
  batches.add(make_task(60), start);
  CHECK(batches.wants_more());
  auto second = make_task(60);
  batches.add(second, start + milliseconds{1});
  CHECK_FALSE(batches.wants_more());
  CHECK(batches.is_ready(start + milliseconds{1}));
  CHECK(batches.take().size() == 1);
  CHECK_FALSE(batches.is_ready(start + milliseconds{1}));
  CHECK(batches.ready_at() == start + milliseconds{101});
  CHECK(batches.take().at(0).state.id == second.state.id);
}

TEST_CASE("a task larger than a batch may be rides alone", "[batch]") {
  batch_collector batches;
  batches.set_limits(limits(100, 100, milliseconds{100}));
  batches.add(make_task(1'000), start);
  CHECK_FALSE(batches.wants_more());
  CHECK(batches.is_ready(start));
  CHECK(batches.take().size() == 1);
}

TEST_CASE("a task whose content is not in memory rides alone", "[batch]") {
  batch_collector batches;
  batches.set_limits(limits(100, 1'000'000, milliseconds{100}));
  const auto uploaded = [] {
    auto content = std::make_shared<delivery>();
    content->payload = payload_id::make();
    content->payload_size = 10;
    queued_task t;
    t.state.id = task_id::make();
    t.content = content;
    return t;
  };
  batches.add(uploaded(), start);
  CHECK_FALSE(batches.wants_more());
  CHECK(batches.is_ready(start));
  CHECK(batches.take().size() == 1);
  batches.add(make_task(), start);
  batches.add(uploaded(), start);
  CHECK_FALSE(batches.wants_more());
  CHECK(batches.take().size() == 1);
  CHECK(batches.is_ready(start));
  CHECK(batches.take().size() == 1);
}

TEST_CASE("a task taken out makes room for the one that did not fit", "[batch]") {
  batch_collector batches;
  batches.set_limits(limits(2, 1'000, milliseconds{100}));
  auto first = make_task();
  batches.add(first, start);
  batches.add(make_task(), start);
  CHECK_FALSE(batches.remove(task_id::make()));
  REQUIRE(batches.remove(first.state.id));
  CHECK(batches.wants_more());
  CHECK(batches.take().size() == 1);
}

TEST_CASE("limits that change while a batch is open hold for it at once", "[batch]") {
  batch_collector batches;
  batches.set_limits(limits(10, 1'000, milliseconds{100}));
  for (int i = 0; i < 5; ++i) batches.add(make_task(), start);
  batches.set_limits(limits(2, 1'000, milliseconds{100}));
  CHECK(batches.is_ready(start));
  CHECK(batches.take().size() == 2);
  CHECK(batches.take().size() == 2);
  CHECK(batches.clear().size() == 1);
}

TEST_CASE("whatever is added leaves once, in order, in batches within their limits and in time", "[batch]") {
  std::mt19937 random{20'261'121};
  const auto up_to = [&](std::uint32_t most) { return std::uniform_int_distribution<std::uint32_t>{0, most}(random); };
  for (int round = 0; round < 200; ++round) {
    const auto set = limits(1 + up_to(9), 1 + up_to(200), milliseconds{up_to(50)});
    batch_collector batches;
    batches.set_limits(set);
    std::vector<task_id> in;
    std::vector<task_id> out;
    auto now = start;
    for (int step = 0; step < 300; ++step) {
      now += milliseconds{up_to(5)};
      if (batches.wants_more()) {
        auto task = make_task(up_to(120));
        in.push_back(task.state.id);
        batches.add(std::move(task), now);
      } else {
        REQUIRE(batches.is_ready(now));
      }
      if (!in.empty() && up_to(20) == 0) {
        const auto gone = in[up_to(static_cast<std::uint32_t>(in.size() - 1))];
        if (batches.remove(gone)) in.erase(std::find(in.begin(), in.end(), gone));
      }
      const auto due = batches.ready_at();
      if (due && *due <= now) REQUIRE(batches.is_ready(now));
      if (!batches.is_ready(now)) continue;
      std::uint64_t bytes = 0;
      const auto batch = batches.take();
      for (const auto& task : batch) {
        bytes += task.content->content.size();
        out.push_back(task.state.id);
      }
      REQUIRE_FALSE(batch.empty());
      REQUIRE(batch.size() <= set.max_count);
      REQUIRE((batch.size() == 1 || bytes <= set.max_bytes));
    }
    for (const auto& task : batches.clear()) out.push_back(task.state.id);
    REQUIRE(out == in);
  }
}
