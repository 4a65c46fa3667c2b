// SPDX-License-Identifier: Apache-2.0
#include "tests/api/fake_samples.hpp"
#include "tests/api/fake_service.hpp"
#include "tests/api/fake_service_reply.hpp"

namespace waybill::tests {

using namespace core;

namespace {

job one_job() {
  job made;
  made.id = fake_service::known_job;
  made.organization = fake_service::organization;
  made.created_by = fake_service::known_key;
  made.filter.destinations = {fake_service::known_destination};
  made.filter.category = failure_category::remote;
  made.state = job_state::running;
  made.rate_per_second = 500;
  made.total = 12;
  made.done = 4;
  made.skipped = 1;
  made.created_at = made.updated_at = moment();
  return made;
}

}  // namespace

void fake_service::get_dead_letter(const caller& who, task_id, reply<dead_letter> reply) {
  note("get_dead_letter", who);
  auto task = one_task();
  task.attempt_log = {one_attempt()};
  give(std::move(reply), result<dead_letter>{dead_letter{task, "report", "corr"}});
}

void fake_service::preview_dead_letters(const caller& who, dead_letter_filter filter, reply<dead_letter_preview> reply) {
  note("preview_dead_letters", who, [&] { letters = std::move(filter); });
  give(std::move(reply), result<dead_letter_preview>{dead_letter_preview{4, {{one_task(), "report", "corr"}}}});
}

void fake_service::create_job(const caller& who, job_input said, reply<job> reply) {
  note("create_job", who, [&] { job_said = said; });
  auto made = one_job();
  made.work = said.work;
  give(std::move(reply), result<job>{made});
}

void fake_service::get_job(const caller& who, job_id, reply<job> reply) {
  note("get_job", who);
  give(std::move(reply), result<job>{one_job()});
}

void fake_service::list_jobs(const caller& who, job_filter filter, page_request page, reply<core::page<job>> reply) {
  note("list_jobs", who, [&] { jobs = filter, paging = page; });
  give(std::move(reply), result<core::page<job>>{core::page<job>{{one_job()}, next_cursor}});
}

void fake_service::change_job(const caller& who, job_id, job_change said, reply<job> reply) {
  note("change_job", who, [&] { change = said; });
  give(std::move(reply), result<job>{one_job()});
}

void fake_service::find_answer(const caller& who, const once_claim& asked, reply<std::optional<kept_answer>> reply) {
  note("find_answer", who, [&] { claim = asked; });
  give(std::move(reply), result<std::optional<kept_answer>>{earlier});
}

}  // namespace waybill::tests
