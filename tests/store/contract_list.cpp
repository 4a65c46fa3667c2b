// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

using ids = std::vector<delivery_id>;

ids list(store_fixture& s, const delivery_filter& filter) {
  ids found;
  for (const auto& one : must(s.reader().list_deliveries(s.org, filter, {})).items) found.push_back(one.head.id);
  return found;
}

template <class Change>
delivery_id add(store_fixture& s, const request_options& options, Change change) {
  auto request = make_request(s.org, options);
  auto content = std::make_shared<delivery>(*request.content);
  change(*content);
  request.content = content;
  s.accept({request});
  return content->id;
}

}  // namespace

TEST_CASE("deliveries are listed newest first, without content") {
  ON_EVERY_ENGINE(s);
  CHECK(list(s, {}).empty());
  const auto a = s.accept({{s.hook}}).content->id, b = s.accept({{s.hook}}).content->id;
  CHECK(list(s, {}) == ids{b, a});
  const auto page = must(s.reader().list_deliveries(s.org, {}, {}));
  CHECK(page.next_cursor.empty());
  CHECK(page.items[0].head.content.empty());
  CHECK(page.items[0].size == 7);
  REQUIRE(page.items[0].tasks.size() == 1);
  CHECK(page.items[0].tasks[0].destination_label == "a");
}

TEST_CASE("deliveries are filtered by what they carry") {
  ON_EVERY_ENGINE(s);
  const auto a = add(s, {{s.hook}}, [](delivery& d) { d.payload_type = "export"; });
  const auto b = add(s, {{s.hook}}, [](delivery& d) { d.tags = {"q1", "x"}; });
  const auto c = add(s, {{s.hook}}, [](delivery& d) { d.correlation_id = "Corr-100%"; });
  const auto d = add(s, {{s.hook}}, [](delivery& one) {
    one.filename = "Quarter_1.json";
    one.tags = {"q1"};
  });
  const auto e = add(s, {{s.hook}}, [](delivery& one) { one.metadata = R"({"who":"Quartermaster"})"; });
  delivery_filter f;
  f.payload_type = "export";
  CHECK(list(s, f) == ids{a});
  f = {};
  f.tag = "q1";
  CHECK(list(s, f) == ids{d, b});
  f.payload_type = "export";
  CHECK(list(s, f).empty());
  f = {};
  f.correlation_id = "Corr-100%";
  CHECK(list(s, f) == ids{c});
  f.correlation_id = "corr";
  CHECK(list(s, f).empty());
  f = {};
  f.text = "QUARTER";
  CHECK(list(s, f) == ids{e, d});
  f.text = "r_1";
  CHECK(list(s, f) == ids{d});
  f.text = "0%";
  CHECK(list(s, f) == ids{c});
  f.text = "100_";
  CHECK(list(s, f).empty());
}

TEST_CASE("deliveries are filtered by the key that handed them in") {
  ON_EVERY_ENGINE(s);
  const auto key = key_id::make();
  const auto mine = add(s, {{s.hook}}, [&](delivery& d) { d.created_by = key; });
  add(s, {{s.hook}}, [&](delivery& d) { d.created_by = key_id::make(); });
  delivery_filter f;
  f.created_by = key;
  CHECK(list(s, f) == ids{mine});
}

TEST_CASE("deliveries are filtered by destination, in the queue and in the history alike") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_destination(s.org, "b");
  const auto done = s.accept({{s.hook, other}});
  const auto urgent = s.accept({{s.hook}, at(0), 9});
  const auto later = s.accept({{s.hook}, at(0), 2, 1, at(800)});
  const auto elsewhere = s.accept({{other}});
  REQUIRE(s.record(make_outcome(done.tasks[0])) == record_result::recorded);
  delivery_filter f;
  f.destination = s.hook;
  CHECK(list(s, f) == ids{later.content->id, urgent.content->id, done.content->id});
  f.destination = other;
  CHECK(list(s, f) == ids{elsewhere.content->id, done.content->id});
  f.destination = destination_id::make();
  CHECK(list(s, f).empty());
}

TEST_CASE("deliveries are filtered by status") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_destination(s.org, "b");
  const auto queued = s.accept({{s.hook}});
  const auto processing = s.accept({{s.hook, other}});
  REQUIRE(s.record(make_outcome(processing.tasks[0], task_status::failed)) == record_result::recorded);
  const auto completed = s.accept({{s.hook}});
  REQUIRE(s.record(make_outcome(completed.tasks[0])) == record_result::recorded);
  const auto failed = s.dead_letter({{s.hook, other}});
  const auto cancelled = s.accept({{s.hook}});
  must(s.write([&](write_session& w) { return w.cancel(s.org, cancelled.content->id, {}, at(5)); }));
  const auto with = [&](delivery_status status, std::optional<destination_id> destination = {}) {
    delivery_filter f;
    f.status = status;
    f.destination = destination;
    return list(s, f);
  };
  CHECK(with(delivery_status::queued) == ids{queued.content->id});
  CHECK(with(delivery_status::processing) == ids{processing.content->id});
  CHECK(with(delivery_status::completed) == ids{completed.content->id});
  CHECK(with(delivery_status::failed) == ids{failed.content->id});
  CHECK(with(delivery_status::cancelled) == ids{cancelled.content->id});
  CHECK(with(delivery_status::failed, other) == ids{failed.content->id});
  CHECK(with(delivery_status::queued, other).empty());
}

TEST_CASE("deliveries are filtered by the time they were created, whatever clock made their ids") {
  ON_EVERY_ENGINE(s);
  const auto a = s.accept({{s.hook}, at(100)}).content->id;
  const auto b = s.accept({{s.hook}, at(200)}).content->id;
  const auto machine_time = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  const auto c = s.accept({{s.hook}, machine_time}).content->id;
  delivery_filter f;
  f.from = at(100);
  f.to = at(200);
  CHECK(list(s, f) == ids{a});
  f.to = at(201);
  CHECK(list(s, f) == ids{b, a});
  f.to = std::nullopt;
  CHECK(list(s, f) == ids{c, b, a});
  f.from = machine_time;
  CHECK(list(s, f) == ids{c});
  f.from = machine_time + milliseconds{1};
  CHECK(list(s, f).empty());
}

TEST_CASE("what waits is found behind thousands that are done") {
  ON_EVERY_ENGINE(s);
  const auto oldest = s.accept({{s.hook}}).content->id;
  std::vector<destination_id> many;
  for (int i = 0; i < 200; ++i) many.push_back(s.add_destination(s.org, "many"));
  const auto wide = s.accept({many}).content->id;
  const auto waiting = s.accept({{s.hook}}).content->id;
  for (int round = 0; round < 5; ++round) {
    std::vector<new_delivery> batch;
    std::vector<attempt_record> outcomes;
    for (int i = 0; i < 500; ++i) {
      batch.push_back(make_request(s.org, {{s.hook}}));
      outcomes.push_back(make_outcome(batch.back().tasks[0]));
    }
    s.accept(batch);
    must(s.write([&](write_session& w) { return w.record(outcomes, at(1)); }));
  }
  delivery_filter f;
  f.status = delivery_status::queued;
  CHECK(list(s, f) == ids{waiting, wide, oldest});
  f.status = delivery_status::failed;
  CHECK(list(s, f).empty());
}

TEST_CASE("the newest of very many that wait at a destination are listed page by page, whatever else was accepted since") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_destination(s.org, "b");
  ids waiting;
  for (int round = 0; round < 11; ++round) {
    std::vector<new_delivery> batch;
    for (int i = 0; i < 1'000; ++i) batch.push_back(make_request(s.org, {{s.hook}}));
    s.accept(batch);
    for (const auto& one : batch) waiting.push_back(one.content->id);
  }
  std::vector<new_delivery> since;
  for (int i = 0; i < 2'500; ++i) since.push_back(make_request(s.org, {{other}}));
  s.accept(since);
  std::reverse(waiting.begin(), waiting.end());
  delivery_filter f;
  f.destination = s.hook;
  ids found;
  std::string cursor;
  while (found.size() < 300) {
    const auto page = must(s.reader().list_deliveries(s.org, f, {100, cursor}));
    for (const auto& one : page.items) found.push_back(one.head.id);
    cursor = page.next_cursor;
    REQUIRE_FALSE(cursor.empty());
  }
  CHECK(found == ids(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(found.size())));
}
