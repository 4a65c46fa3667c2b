// SPDX-License-Identifier: Apache-2.0
#include "core/policy/retention_pass.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

const utc_time now = from_unix_ms(1'800'000'000'000);

retention_candidates page_of(std::size_t count, bool more) {
  retention_candidates found;
  for (std::size_t i = 0; i < count; ++i) found.ids.push_back(delivery_id::make());
  found.more = more;
  if (count > 0) found.next = found.ids.back().bytes();
  return found;
}

retention_step all_of(std::size_t count) { return {count, count, count}; }

}  // namespace

TEST_CASE("a pass takes every stage of every organization, each with its own time, and ends") {
  retention_settings keep;
  keep.payload_days = 7;
  keep.attempt_days = 0;  // for ever
  const std::vector<retention_pass::plan> plans{{organization_id::make(), keep}, {organization_id::make(), {}}};
  retention_pass pass(plans, now);
  std::vector<std::pair<organization_id, retention_stage>> fresh;
  while (const auto* range = pass.range()) {
    if (range->walk == retention_walk::fresh) fresh.emplace_back(range->organization, range->stage);
    if (range->organization == plans[0].organization && range->stage == retention_stage::payloads)
      CHECK(range->finished_before == now - std::chrono::hours(7 * 24));
    pass.on_candidates({});
  }
  using stage = retention_stage;
  const auto a = plans[0].organization, b = plans[1].organization;
  CHECK(fresh == std::vector<std::pair<organization_id, stage>>{{a, stage::dead_letters},
                                                                {a, stage::attempt_records},
                                                                {a, stage::payloads},
                                                                {a, stage::deliveries},
                                                                {b, stage::dead_letters},
                                                                {b, stage::attempt_records},
                                                                {b, stage::attempts},
                                                                {b, stage::payloads},
                                                                {b, stage::deliveries}});
}

TEST_CASE("nothing to keep to, nothing to do") {
  CHECK(retention_pass({}, now).range() == nullptr);
  retention_settings for_ever{0, 0, 0, 0, 0, 0};
  CHECK(retention_pass({{organization_id::make(), for_ever}}, now).range() == nullptr);
}

TEST_CASE("pages are read on from where the last one ended, and what a step did not come to is handed in again") {
  retention_pass pass({{organization_id::make(), {}}}, now);
  const auto first = page_of(20, true);
  pass.on_candidates(first);
  CHECK(pass.range()->after == first.next);
  REQUIRE(pass.batch().size() == 16);
  CHECK(pass.batch().front() == first.ids.front());
  pass.on_step(all_of(1), milliseconds{30});
  CHECK(pass.batch().front() == first.ids[1]);
  CHECK(pass.batch().size() == 8);
  while (!pass.batch().empty()) pass.on_step(all_of(pass.batch().size()), milliseconds{10});
  REQUIRE(pass.range());
  CHECK(pass.range()->stage == retention_stage::dead_letters);
  pass.on_candidates({});
  CHECK(pass.range()->stage == retention_stage::attempt_records);
  CHECK(pass.range()->after == id_bytes{});
}

TEST_CASE("a batch grows while it is quick, shrinks when it is slow, and the writer rests four times as long") {
  retention_pass pass({{organization_id::make(), {}}}, now);
  pass.on_candidates(page_of(5'000, true));
  std::size_t last = 0;
  for (int i = 0; i < 10; ++i) {
    last = pass.batch().size();
    pass.on_step(all_of(0), milliseconds{2});
  }
  CHECK(last == 512);
  CHECK(pass.rest() == milliseconds{8});
  for (int i = 0; i < 20; ++i) pass.on_step(all_of(0), milliseconds{40});
  CHECK(pass.batch().size() == 1);
  CHECK(pass.rest() == milliseconds{160});
}
