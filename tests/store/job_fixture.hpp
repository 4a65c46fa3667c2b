// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/store/store_fixture.hpp"

namespace waybill::core::test {

/// A job of the fixture's organization as the service makes it, not stored yet.
[[nodiscard]] job make_job(const store_fixture& s, job_work work, dead_letter_filter filter = {}, utc_time created = at(50));
/// Stored, and claimed for `epoch`.
job start_job(store_fixture& s, const job& made, std::uint64_t epoch = 3);
/// The next step of the job as it is stored, found but not done.
[[nodiscard]] job_step next_step(store_fixture& s, const job& running, std::uint32_t portion = 100, std::uint32_t walk = 1'000);
job_step_result do_step(store_fixture& s, const job_step& step, utc_time now = at(70));

/// A whole job, made and run to its end.
struct finished_job {
  job after;
  std::vector<task> revived;
};
finished_job run_job(store_fixture& s, const job& made, std::uint32_t portion = 100, std::uint32_t walk = 1'000);
std::vector<task> redrive(store_fixture& s, const dead_letter_filter& filter = {});
/// How many went.
std::uint64_t discard(store_fixture& s, const dead_letter_filter& filter = {});

}  // namespace waybill::core::test
