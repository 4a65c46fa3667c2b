// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <set>

#include "tests/store/job_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

job change(store_fixture& s, const job& j, job_change::kind what) {
  return must(s.write([&](write_session& w) { return w.change_job(s.org, j.id, {what, 0}, at(65)); }));
}

std::vector<job> claim(store_fixture& s, std::uint64_t epoch) {
  return must(s.write([&](write_session& w) { return w.claim_jobs(epoch, {}, at(60)); }));
}

}  // namespace

TEST_CASE("whatever interrupts jobs, each dead letter is handled once and the counts tell the truth") {
  ON_EVERY_ENGINE(s);
  // A model of a job against random portions, repeated and lost steps, rollbacks, restarts, pauses and other people's work.
  std::mt19937 random(static_cast<std::mt19937::result_type>(GENERATE(1, 2, 3)));
  const auto roll = [&](std::uint32_t of) { return static_cast<std::uint32_t>(random() % of); };
  std::vector<task_id> left;
  for (int i = 0; i < 60; ++i) left.push_back(s.dead_letter({{s.hook}}).tasks[0].id);
  std::uint64_t epoch = 3;
  auto j = start_job(s, make_job(s, job_work::redrive), epoch);
  j.owner_epoch = epoch;
  std::multiset<task_id> revived;
  std::uint64_t taken_by_others = 0;
  while (must(s.reader().get_job(s.org, j.id)).state != job_state::completed) {
    const auto step = next_step(s, j, 1 + roll(9), 1 + roll(20));
    switch (roll(8)) {
      case 0: {  // killed before the commit
        must(s.writer().begin());
        must(s.writer().step_job(step, at(70)));
        s.writer().rollback();
        s.reopen();
        break;
      }
      case 1: {  // another epoch takes over; the old one's step comes late
        const auto claimed = claim(s, ++epoch);
        REQUIRE(claimed.size() == 1);
        CHECK_FALSE(do_step(s, step).applied);
        j.owner_epoch = epoch;
        break;
      }
      case 2: {  // paused in between
        change(s, j, job_change::kind::pause);
        CHECK_FALSE(do_step(s, step).applied);
        change(s, j, job_change::kind::resume);
        REQUIRE(claim(s, epoch).size() == 1);
        break;
      }
      case 3: {  // somebody discards one of those that are left
        dead_letter_filter one;
        one.tasks = {left[roll(60)]};
        taken_by_others += run_job(s, make_job(s, job_work::discard, one)).after.done;
        break;
      }
      default: {
        for (int repeat = 0; repeat < 2; ++repeat)
          for (const auto& t : do_step(s, step).revived) revived.insert(t.id);
      }
    }
    CHECK(must(s.reader().get_job(s.org, j.id)).done == revived.size());
  }
  const auto after = must(s.reader().get_job(s.org, j.id));
  CHECK(std::set<task_id>(revived.begin(), revived.end()).size() == revived.size());
  CHECK(revived.size() + taken_by_others == left.size());
  CHECK(after.skipped <= taken_by_others);
  CHECK(must(s.reader().count_dead_letters(s.org, {})) == 0);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}
