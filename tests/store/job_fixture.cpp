// SPDX-License-Identifier: Apache-2.0
#include "tests/store/job_fixture.hpp"

#include <algorithm>

#include "core/store/job_codec.hpp"

namespace waybill::core::test {

job make_job(const store_fixture& s, job_work work, dead_letter_filter filter, utc_time created) {
  job made;
  made.id = job_id::make();
  made.organization = s.org;
  made.created_by = key_id::make();
  made.work = work;
  made.filter = std::move(filter);
  made.rate_per_second = 100;
  made.created_at = made.updated_at = created;
  return made;
}

job start_job(store_fixture& s, const job& made, std::uint64_t epoch) {
  must(s.write([&](write_session& w) { return w.create_job(made); }));
  const auto claimed = must(s.write([&](write_session& w) { return w.claim_jobs(epoch, {}, at(60)); }));
  const auto mine = std::find_if(claimed.begin(), claimed.end(), [&](const job& j) { return j.id == made.id; });
  REQUIRE(mine != claimed.end());
  return *mine;
}

job_step next_step(store_fixture& s, const job& running, std::uint32_t portion, std::uint32_t walk) {
  const auto now = must(s.reader().get_job(running.organization, running.id));
  job_step step;
  step.id = now.id;
  step.organization = now.organization;
  step.owner_epoch = running.owner_epoch;
  step.from = now.cursor;
  step.portion = must(s.reader().scan_dead_letters(now.organization, bounded_filter(now), now.cursor, portion, walk));
  return step;
}

job_step_result do_step(store_fixture& s, const job_step& step, utc_time now) {
  return must(s.write([&](write_session& w) { return w.step_job(step, now); }));
}

finished_job run_job(store_fixture& s, const job& made, std::uint32_t portion, std::uint32_t walk) {
  finished_job ended;
  ended.after = start_job(s, made);
  while (!is_finished(ended.after.state)) {
    auto did = do_step(s, next_step(s, ended.after, portion, walk));
    REQUIRE(did.applied);
    ended.after = did.after;
    ended.revived.insert(ended.revived.end(), did.revived.begin(), did.revived.end());
  }
  return ended;
}

std::vector<task> redrive(store_fixture& s, const dead_letter_filter& filter) {
  return run_job(s, make_job(s, job_work::redrive, filter)).revived;
}

std::uint64_t discard(store_fixture& s, const dead_letter_filter& filter) {
  return run_job(s, make_job(s, job_work::discard, filter)).after.done;
}

}  // namespace waybill::core::test
