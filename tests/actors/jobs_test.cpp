// SPDX-License-Identifier: Apache-2.0
#include "core/store/job_codec.hpp"
#include "tests/actors/running_engine.hpp"

using namespace waybill;
using namespace waybill::tests;
using core::job_state;
using core::job_work;

namespace {

core::attempt_result refused() {
  core::attempt_result result;
  result.action = core::attempt_action::reject;
  result.category = core::failure_category::remote;
  return result;
}

core::attempt_result taken() {
  core::attempt_result result;
  result.action = core::attempt_action::delivered;
  return result;
}

class jobs_engine : public running_engine {
public:
  jobs_engine() {
    plugins.on_deliver([this](const auto&, auto done) {
      ++calls;
      done(up ? taken() : refused());
    });
  }

  /// A destination with so many dead letters.
  core::destination_id pile(std::uint64_t count) {
    auto to = make_destination({{"retry", {{"maxAttempts", 1}}}});
    for (std::uint64_t i = 0; i < count; ++i) REQUIRE(deliver(to));
    core::dead_letter_filter filter;
    filter.destinations = {to};
    REQUIRE(eventually([&] { return dead(filter) == count; }));
    return to;
  }

  std::uint64_t dead(const core::dead_letter_filter& filter = {}) {
    auto found = ask<core::dead_letter_preview>([&](auto reply) { service().preview_dead_letters(admin, filter, reply); });
    REQUIRE(found);
    return found->count;
  }

  core::job make(job_work work, std::uint32_t rate, std::vector<core::destination_id> to = {}) {
    core::job_input input;
    input.work = work;
    input.rate_per_second = rate;
    input.filter.destinations = std::move(to);
    auto made = ask<core::job>([&](auto reply) { service().create_job(admin, input, reply); });
    REQUIRE(made);
    return *made;
  }
  core::job look(const core::job& j) {
    auto found = ask<core::job>([&](auto reply) { service().get_job(admin, j.id, reply); });
    REQUIRE(found);
    return *found;
  }
  core::job change(const core::job& j, core::job_change::kind what, std::uint32_t rate = 0) {
    auto changed = ask<core::job>([&](auto reply) { service().change_job(admin, j.id, {what, rate}, reply); });
    REQUIRE(changed);
    return *changed;
  }
  bool ends(const core::job& j, job_state as = job_state::completed) {
    return eventually([&] { return look(j).state == as; });
  }

  std::atomic<bool> up{false};
  std::atomic<int> calls{0};
};

}  // namespace

TEST_CASE_METHOD(jobs_engine, "a redrive brings every dead letter to its destination once more") {
  start();
  pile(250);
  up = true;
  const auto j = make(job_work::redrive, 10'000);
  CHECK(j.state == job_state::queued);
  CHECK(j.total == 250);
  REQUIRE(ends(j));
  CHECK(look(j).done == 250);
  CHECK(eventually([&] { return reconcile().delivered == 250; }));
  CHECK(calls == 500);
  CHECK(reconcile().difference() == 0);
}

TEST_CASE_METHOD(jobs_engine, "a stopped engine leaves its jobs where they are, and the next one goes on") {
  start();
  pile(60);
  up = true;
  const auto j = make(job_work::redrive, 20);
  const auto paused = make(job_work::discard, 1);
  change(paused, core::job_change::kind::pause);
  REQUIRE(eventually([&] { return look(j).done >= 4; }));
  REQUIRE(stop());
  start();
  const auto after = look(j);
  CHECK(after.state == job_state::running);
  CHECK(after.done >= 4);
  CHECK(after.done < 60);
  change(j, core::job_change::kind::rate, 10'000);
  REQUIRE(ends(j));
  CHECK(look(j).done == 60);
  CHECK(look(paused).state == job_state::paused);
  CHECK(eventually([&] { return reconcile().delivered == 60; }));
  CHECK(calls == 120);
}

TEST_CASE_METHOD(jobs_engine, "a pause holds from its answer on, and a resumed job goes on from there") {
  start();
  pile(40);
  const auto j = make(job_work::discard, 20);
  REQUIRE(eventually([&] { return look(j).done >= 2; }));
  const auto held = change(j, core::job_change::kind::pause);
  CHECK(dead() == 40 - held.done);
  // Another job goes its way meanwhile, and takes what is left.
  REQUIRE(ends(make(job_work::discard, 10'000)));
  CHECK(look(j).done == held.done);
  change(j, core::job_change::kind::resume);
  REQUIRE(ends(j));
  CHECK(look(j).done == held.done);
}

TEST_CASE_METHOD(jobs_engine, "more jobs than have places run one after the other, oldest first") {
  start();
  const auto to = pile(30);
  std::vector<core::job> all;
  for (int i = 0; i < 9; ++i) all.push_back(make(job_work::discard, 1, {to}));
  REQUIRE(eventually([&] { return look(all[3]).state == job_state::running; }));
  CHECK(look(all[8]).state == job_state::queued);
  change(all[0], core::job_change::kind::cancel);
  REQUIRE(eventually([&] { return look(all[4]).state == job_state::running; }));
  // The first of them may have ended before the last is asked: that one refuses.
  for (const auto& j : all)
    static_cast<void>(ask<core::job>([&](auto reply) {
      service().change_job(admin, j.id, {core::job_change::kind::rate, 10'000}, reply);
    }));
  for (const auto& j : all) CHECK(ends(j, j.id == all[0].id ? job_state::cancelled : job_state::completed));
  CHECK(dead() == 0);
}

TEST_CASE_METHOD(jobs_engine, "an engine with running jobs stops cleanly in the middle of them") {
  start();
  pile(100);
  up = true;
  for (int i = 0; i < 4; ++i) make(i % 2 == 0 ? job_work::redrive : job_work::discard, 200);
  CHECK(stop());
  start();
  CHECK(eventually([&] { return dead() == 0; }));
  CHECK(eventually([&] { return reconcile().waiting == 0; }));
  CHECK(reconcile().difference() == 0);
}
