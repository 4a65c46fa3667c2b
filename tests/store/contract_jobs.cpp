// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/store/job_codec.hpp"
#include "tests/store/job_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

std::vector<task_id> make_dead(store_fixture& s, int count, utc_time failed_at = at(1)) {
  std::vector<task_id> made;
  for (int i = 0; i < count; ++i) made.push_back(s.dead_letter({{s.hook}}, failed_at).tasks[0].id);
  return made;
}

std::uint64_t dead(store_fixture& s, const dead_letter_filter& filter = {}) {
  return must(s.reader().count_dead_letters(s.org, filter));
}

job change(store_fixture& s, const job& j, job_change::kind what, std::uint32_t rate = 0) {
  return must(s.write([&](write_session& w) { return w.change_job(s.org, j.id, {what, rate}, at(65)); }));
}

error_code refused(store_fixture& s, const job& j, job_change::kind what) {
  return code_of(s.write([&](write_session& w) { return w.change_job(s.org, j.id, {what, 7}, at(65)); }));
}

std::vector<job> claim(store_fixture& s, std::uint64_t epoch, job_slots slots = {}) {
  return must(s.write([&](write_session& w) { return w.claim_jobs(epoch, slots, at(60)); }));
}

dead_letter_filter everything() {
  dead_letter_filter f;
  f.destinations = {destination_id::make(), destination_id::make()};
  f.tasks = {task_id::make()};
  f.category = failure_category::rate_limit;
  f.destination_type = "webhook";
  f.payload_type = "export";
  f.tag = "q\"1";
  f.correlation_id = "c-\xC3\xBC";
  f.from = at(5);
  f.to = at(5'000'000);
  return f;
}

}  // namespace

TEST_CASE("a filter comes back from its JSON as it went in, and a broken one is never read as a wider one") {
  const auto f = everything();
  const auto text = to_json(f).dump();
  const auto back = must(dead_letter_filter_from(text));
  CHECK(to_json(back).dump() == text);
  CHECK(back.destinations == f.destinations);
  CHECK(back.category == f.category);
  CHECK(back.to == f.to);
  CHECK(to_json(must(dead_letter_filter_from("{}"))).dump() == "{}");
  for (const auto* bad : {"", "[]", "{", R"({"category":"weather"})", R"({"taskIds":["x"]})", R"({"taskIds":[4]})",
                          R"({"from":"yesterday"})", R"({"tag":5})"})
    CHECK(code_of(dead_letter_filter_from(bad)) == error_code::internal_error);
}

TEST_CASE("a job is kept with everything it was made with") {
  ON_EVERY_ENGINE(s);
  auto made = make_job(s, job_work::discard, everything(), at(123));
  made.total = 77;
  must(s.write([&](write_session& w) { return w.create_job(made); }));
  s.reopen();
  const auto found = must(s.reader().get_job(s.org, made.id));
  CHECK(found.organization == s.org);
  CHECK(found.created_by == made.created_by);
  CHECK(found.work == job_work::discard);
  CHECK(to_json(found.filter) == to_json(made.filter));
  CHECK(found.state == job_state::queued);
  CHECK(found.rate_per_second == 100);
  CHECK(found.total == 77);
  CHECK(found.done == 0);
  CHECK(found.cursor.is_nil());
  CHECK(found.owner_epoch == 0);
  CHECK(found.created_at == at(123));
  CHECK_FALSE(found.finished_at);
}

TEST_CASE("a redrive goes oldest first, portion by portion, and takes every dead letter once") {
  ON_EVERY_ENGINE(s);
  const auto all = make_dead(s, 7);
  auto j = start_job(s, make_job(s, job_work::redrive));
  CHECK(j.state == job_state::running);
  CHECK(j.owner_epoch == 3);
  std::vector<task_id> revived;
  for (const std::uint64_t so_far : {3u, 6u, 7u}) {
    const auto did = do_step(s, next_step(s, j, 3));
    REQUIRE(did.applied);
    CHECK(did.after.done == so_far);
    for (const auto& t : did.revived) {
      CHECK(t.owner_epoch == 3);
      CHECK(t.attempts == 0);
      revived.push_back(t.id);
    }
    j = did.after;
  }
  CHECK(revived == all);
  CHECK(j.state == job_state::completed);
  CHECK(j.finished_at == at(70));
  CHECK(j.skipped == 0);
  CHECK(dead(s) == 0);
  CHECK(s.claim(s.hook, 3, at(70)).tasks.size() == 7);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}

TEST_CASE("a step is applied once, however often it is handed in") {
  ON_EVERY_ENGINE(s);
  make_dead(s, 5);
  const auto j = start_job(s, make_job(s, job_work::redrive));
  const auto step = next_step(s, j, 2);
  CHECK(do_step(s, step).applied);
  const auto again = do_step(s, step);
  CHECK_FALSE(again.applied);
  CHECK(again.revived.empty());
  CHECK(again.after.done == 2);
  CHECK(again.after.cursor == step.portion.reached);
  CHECK(dead(s) == 3);
}

TEST_CASE("what fails again after a redrive is not taken a second time by the same job") {
  ON_EVERY_ENGINE(s);
  const auto all = make_dead(s, 4);
  const auto j = start_job(s, make_job(s, job_work::redrive, {}, at(50)));
  REQUIRE(do_step(s, next_step(s, j, 2)).revived.size() == 2);
  for (auto& claimed : s.claim(s.hook, 3, at(70)).tasks)
    REQUIRE(s.record(make_outcome(claimed.state, task_status::failed), at(80)) == record_result::recorded);
  CHECK(dead(s) == 4);
  const auto rest = do_step(s, next_step(s, j, 100));
  CHECK(rest.revived.size() == 2);
  CHECK(rest.after.state == job_state::completed);
  CHECK(rest.after.done == 4);
  CHECK(dead(s) == 2);
}

TEST_CASE("a job takes no dead letter that died after it was made") {
  ON_EVERY_ENGINE(s);
  make_dead(s, 2, at(10));
  make_dead(s, 1, at(50));
  make_dead(s, 3, at(51));
  const auto ended = run_job(s, make_job(s, job_work::redrive, {}, at(50)));
  CHECK(ended.revived.size() == 3);
  CHECK(dead(s) == 3);
}

TEST_CASE("what is no dead letter any more when its turn comes is skipped and counted") {
  ON_EVERY_ENGINE(s);
  const auto gone = s.add_destination(s.org, "gone");
  const auto lost = s.dead_letter({{gone}});
  const auto retried = s.dead_letter({{s.hook}});
  const auto put_away = s.dead_letter({{s.hook}});
  const auto kept = s.dead_letter({{s.hook}});
  const auto j = start_job(s, make_job(s, job_work::redrive));
  const auto step = next_step(s, j);
  REQUIRE(step.portion.found.size() == 4);
  must(s.write([&](write_session& w) { return w.delete_destination(s.org, gone, 0, at(61)); }));
  must(s.write([&](write_session& w) { return w.retry(s.org, retried.content->id, {}, 3, at(61)); }));
  dead_letter_filter one;
  one.tasks = {put_away.tasks[0].id};
  CHECK(discard(s, one) == 1);
  const auto did = do_step(s, step);
  REQUIRE(did.revived.size() == 1);
  CHECK(did.revived[0].id == kept.tasks[0].id);
  CHECK(did.after.done == 1);
  CHECK(did.after.skipped == 3);
  CHECK(did.after.state == job_state::completed);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}

TEST_CASE("a paused, cancelled or foreign job does no step") {
  ON_EVERY_ENGINE(s);
  make_dead(s, 3);
  const auto j = start_job(s, make_job(s, job_work::redrive));
  const auto step = next_step(s, j, 1);
  CHECK(change(s, j, job_change::kind::pause).state == job_state::paused);
  CHECK_FALSE(do_step(s, step).applied);
  CHECK(change(s, j, job_change::kind::resume).state == job_state::queued);
  CHECK_FALSE(do_step(s, step).applied);
  REQUIRE(claim(s, 3).size() == 1);
  CHECK(do_step(s, step).applied);
  // A newer node took it over: what the older one still has in hand changes nothing.
  const auto late = next_step(s, j, 1);
  REQUIRE(claim(s, 4).size() == 1);
  CHECK_FALSE(do_step(s, late).applied);
  CHECK(change(s, j, job_change::kind::cancel).state == job_state::cancelled);
  auto mine = late;
  mine.owner_epoch = 4;
  CHECK_FALSE(do_step(s, mine).applied);
  CHECK(dead(s) == 2);
}

TEST_CASE("changes of a job follow its state") {
  ON_EVERY_ENGINE(s);
  using kind = job_change::kind;
  auto j = make_job(s, job_work::redrive);
  must(s.write([&](write_session& w) { return w.create_job(j); }));
  CHECK(change(s, j, kind::rate, 9).rate_per_second == 9);
  CHECK(change(s, j, kind::resume).state == job_state::queued);
  CHECK(change(s, j, kind::pause).state == job_state::paused);
  CHECK(claim(s, 3).empty());
  CHECK(change(s, j, kind::pause).state == job_state::paused);
  CHECK(change(s, j, kind::resume).updated_at == at(65));
  REQUIRE(claim(s, 3).size() == 1);
  CHECK(change(s, j, kind::resume).state == job_state::running);
  const auto ended = change(s, j, kind::cancel);
  CHECK(ended.finished_at == at(65));
  CHECK(change(s, j, kind::cancel).state == job_state::cancelled);
  for (const auto what : {kind::pause, kind::resume, kind::rate}) CHECK(refused(s, j, what) == error_code::conflict);
  CHECK(code_of(s.write([&](write_session& w) { return w.change_job(s.org, job_id::make(), {}, at(1)); })) ==
        error_code::job_not_found);
}

TEST_CASE("jobs run oldest first, within the places of the node and of each organization") {
  ON_EVERY_ENGINE(s);
  std::vector<job> mine;
  for (int i = 0; i < 4; ++i) {
    mine.push_back(make_job(s, job_work::discard));
    must(s.write([&](write_session& w) { return w.create_job(mine.back()); }));
  }
  auto other = make_job(s, job_work::discard);
  other.organization = s.add_organization("other");
  must(s.write([&](write_session& w) { return w.create_job(other); }));
  const auto first = claim(s, 3, {3, 2});
  REQUIRE(first.size() == 3);
  CHECK(first[0].id == mine[0].id);
  CHECK(first[1].id == mine[1].id);
  CHECK(first[2].id == other.id);
  CHECK(claim(s, 3, {3, 2}).empty());
  change(s, mine[0], job_change::kind::pause);
  const auto second = claim(s, 3, {3, 2});
  REQUIRE(second.size() == 1);
  CHECK(second[0].id == mine[2].id);
  // After a restart the running ones come first, and only they.
  const auto restarted = claim(s, 4, {3, 2});
  REQUIRE(restarted.size() == 3);
  for (const auto& j : restarted) CHECK(j.owner_epoch == 4);
  CHECK(claim(s, 3, {3, 2}).empty());
}

TEST_CASE("an organization has so many unfinished jobs and no more") {
  ON_EVERY_ENGINE(s);
  for (std::uint32_t i = 0; i < most_unfinished_jobs; ++i)
    must(s.write([&](write_session& w) { return w.create_job(make_job(s, job_work::discard)); }));
  const auto one_more = [&] { return s.write([&](write_session& w) { return w.create_job(make_job(s, job_work::redrive)); }); };
  CHECK(code_of(one_more()) == error_code::conflict);
  const auto page = must(s.reader().list_jobs(s.org, {}, {1, {}}));
  change(s, page.items[0], job_change::kind::cancel);
  CHECK(one_more());
}

TEST_CASE("jobs are listed newest first, by kind and state, in pages") {
  ON_EVERY_ENGINE(s);
  std::vector<job_id> made;
  for (int i = 0; i < 5; ++i) {
    const auto j = make_job(s, i % 2 == 0 ? job_work::redrive : job_work::discard);
    must(s.write([&](write_session& w) { return w.create_job(j); }));
    made.push_back(j.id);
  }
  std::vector<job_id> found;
  page_request request{2, {}};
  do {
    const auto page = must(s.reader().list_jobs(s.org, {}, request));
    for (const auto& j : page.items) found.push_back(j.id);
    request.cursor = page.next_cursor;
  } while (!request.cursor.empty());
  CHECK(std::equal(found.begin(), found.end(), made.rbegin(), made.rend()));
  job_filter filter;
  filter.work = job_work::redrive;
  CHECK(must(s.reader().list_jobs(s.org, filter, {})).items.size() == 3);
  filter.state = job_state::running;
  CHECK(must(s.reader().list_jobs(s.org, filter, {})).items.empty());
  CHECK(code_of(s.reader().list_jobs(s.org, {}, {1, "x"})) == error_code::validation_error);
}

TEST_CASE("no job of another organization is seen, changed or done") {
  ON_EVERY_ENGINE(s);
  const auto letters = make_dead(s, 2);
  const auto j = start_job(s, make_job(s, job_work::redrive));
  const auto spy = s.add_organization("spy");
  CHECK(code_of(s.reader().get_job(spy, j.id)) == error_code::job_not_found);
  CHECK(must(s.reader().list_jobs(spy, {}, {})).items.empty());
  CHECK(must(s.reader().owner_of_job(j.id)) == s.org);
  CHECK_FALSE(must(s.reader().owner_of_job(job_id::make())));
  CHECK(code_of(s.reader().get_dead_letter(spy, letters[0])) == error_code::not_found);
  CHECK(must(s.reader().scan_dead_letters(spy, {}, {}, 10, 10)).found.empty());
  CHECK(code_of(s.write([&](write_session& w) {
          return w.change_job(spy, j.id, {job_change::kind::cancel, 0}, at(65));
        })) == error_code::job_not_found);
  auto stolen = next_step(s, j);
  stolen.organization = spy;
  CHECK(code_of(s.write([&](write_session& w) { return w.step_job(stolen, at(70)); })) == error_code::job_not_found);
  // A spy's own job that names the other's dead letters finds none of them.
  auto own = make_job(s, job_work::discard);
  own.organization = spy;
  must(s.write([&](write_session& w) { return w.create_job(own); }));
  REQUIRE(claim(s, 3).size() == 1);
  job_step step = next_step(s, j);
  step.id = own.id;
  step.organization = spy;
  step.from = {};
  CHECK(do_step(s, step).after.done == 0);
  CHECK(dead(s) == 2);
}

TEST_CASE("a scan stops after so many rows, and says how far it came") {
  ON_EVERY_ENGINE(s);
  const auto all = make_dead(s, 10);
  dead_letter_filter last;
  last.tasks = {all.back()};
  const auto scan = [&](task_id after, std::uint32_t limit, std::uint32_t walk) {
    return must(s.reader().scan_dead_letters(s.org, last, after, limit, walk));
  };
  const auto first = scan({}, 5, 4);
  CHECK(first.found.empty());
  CHECK(first.reached == all[3]);
  CHECK_FALSE(first.last);
  const auto second = scan(first.reached, 5, 4);
  CHECK(second.reached == all[7]);
  const auto third = scan(second.reached, 5, 4);
  REQUIRE(third.found.size() == 1);
  CHECK(third.found[0].task == all.back());
  CHECK(third.last);
  const auto full = must(s.reader().scan_dead_letters(s.org, {}, {}, 3, 100));
  CHECK(full.found.size() == 3);
  CHECK(full.reached == all[2]);
  CHECK_FALSE(full.last);
  CHECK(must(s.reader().scan_dead_letters(s.org, {}, all.back(), 3, 100)).last);
}

TEST_CASE("one dead letter is shown with its attempts until it is redriven or discarded") {
  ON_EVERY_ENGINE(s);
  const auto made = s.dead_letter({{s.hook}}, at(10));
  const auto found = must(s.reader().get_dead_letter(s.org, made.tasks[0].id));
  CHECK(found.task.id == made.tasks[0].id);
  CHECK(found.task.delivery == made.content->id);
  REQUIRE(found.task.attempt_log.size() == 1);
  CHECK(found.task.attempt_log[0].number == 1);
  CHECK(found.payload_type == made.content->payload_type);
  CHECK(code_of(s.reader().get_dead_letter(s.org, task_id::make())) == error_code::not_found);
  redrive(s);
  CHECK(code_of(s.reader().get_dead_letter(s.org, made.tasks[0].id)) == error_code::not_found);
}

TEST_CASE("dead letters are found by payload type, tag and correlation id") {
  ON_EVERY_ENGINE(s);
  make_dead(s, 1);
  auto request = make_request(s.org, {{s.hook}});
  auto content = std::make_shared<delivery>(*request.content);
  content->payload_type = "export";
  content->correlation_id = "c-1";
  content->tags = {"q1", "q2"};
  request.content = content;
  s.accept({request});
  auto failed = make_outcome(request.tasks[0], task_status::failed);
  failed.correlation_id = "c-1";
  REQUIRE(s.record(failed, at(20)) == record_result::recorded);
  const auto finds = [&](const dead_letter_filter& f) {
    const auto page = must(s.reader().list_dead_letters(s.org, f, {}));
    CHECK(dead(s, f) == page.items.size());
    return page.items.size() == 1 && page.items[0].task.id == request.tasks[0].id;
  };
  dead_letter_filter f;
  f.payload_type = "export";
  CHECK(finds(f));
  f = {};
  f.tag = "q2";
  CHECK(finds(f));
  f = {};
  f.correlation_id = "c-1";
  CHECK(finds(f));
  f.tag = "q3";
  CHECK(dead(s, f) == 0);
  f = {};
  f.destinations = {destination_id::make(), s.hook};
  CHECK(dead(s, f) == 2);
}

TEST_CASE("a job that is given up says why, a finished one goes when its time is over") {
  ON_EVERY_ENGINE(s);
  const auto j = start_job(s, make_job(s, job_work::redrive));
  const auto give_up = [&](std::uint64_t epoch) {
    must(s.write([&](write_session& w) { return w.fail_job(s.org, j.id, epoch, "no luck", at(90)); }));
    return must(s.reader().get_job(s.org, j.id));
  };
  CHECK(give_up(2).state == job_state::running);
  const auto failed = give_up(3);
  CHECK(failed.state == job_state::failed);
  CHECK(failed.last_error == "no luck");
  CHECK(failed.finished_at == at(90));
  start_job(s, make_job(s, job_work::redrive));
  const auto sweep = [&](utc_time before) { return must(s.write([&](write_session& w) { return w.sweep_jobs(before, 10); })); };
  CHECK(sweep(at(90)) == 0);
  CHECK(sweep(at(91)) == 1);
  CHECK(code_of(s.reader().get_job(s.org, j.id)) == error_code::job_not_found);
}
