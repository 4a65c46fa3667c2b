// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

constexpr std::int64_t hour = 60LL * 60 * 1'000;
const auto long_after = at(30 * 24 * hour);

/// Ids are made from the machine's clock, as the engine's are: a range of times is looked up as a range of ids.
std::string id_at(utc_time when) {
  auto bytes = new_uuid7();
  auto ms = static_cast<std::uint64_t>(to_unix_ms(when));
  for (int i = 5; i >= 0; --i, ms >>= 8) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms & 0xff);
  return std::string(bytes.begin(), bytes.end());
}

new_delivery request_at(store_fixture& s, const request_options& options, std::vector<std::string> tags = {},
                        std::string correlation = {}) {
  auto request = make_request(s.org, options);
  auto content = std::make_shared<delivery>(*request.content);
  const auto raw = id_at(options.created);
  content->id = *delivery_id::from_blob(raw.data(), raw.size());
  content->tags = std::move(tags);
  content->correlation_id = std::move(correlation);
  for (auto& task : request.tasks) {
    task.delivery = content->id;
    const auto task_raw = id_at(options.created);
    task.id = *task_id::from_blob(task_raw.data(), task_raw.size());
  }
  request.content = std::move(content);
  s.accept({request}, options.created);
  return request;
}

attempt_record with_records(const task& of, task_status after) {
  auto outcome = make_outcome(of, after);
  outcome.made.result.request = R"({"method":"POST"})";
  outcome.made.result.response = R"({"status":200})";
  outcome.made.result.external_reference = "ref-1";
  return outcome;
}

payload upload(store_fixture& s, const std::string& bytes) {
  payload p;
  p.id = payload_id::make();
  p.organization = s.org;
  p.content_type = "text/csv";
  p.created_at = at(0);
  p.size = bytes.size();
  p.sha256.fill(9);
  must(s.write([&](write_session& w) { return w.begin_payload(p, at(hour)); }));
  const payload_chunk chunk{0, chunk_codec::plain, static_cast<std::uint32_t>(bytes.size()), bytes};
  must(s.write([&](write_session& w) { return w.append_chunk(p.id, chunk, at(hour)); }));
  return must(s.write([&](write_session& w) { return w.finish_payload(p, at(hour)); }));
}

new_delivery delivered_at(store_fixture& s, utc_time when, std::vector<std::string> tags = {}, std::string correlation = {}) {
  request_options options{{s.hook}};
  options.created = when;
  auto request = request_at(s, options, std::move(tags), std::move(correlation));
  REQUIRE(s.record(with_records(request.tasks[0], task_status::delivered), when) == record_result::recorded);
  return request;
}

retention_range range_of(store_fixture& s, retention_stage stage, utc_time before,
                         retention_walk walk = retention_walk::fresh) {
  retention_range range;
  range.organization = s.org;
  range.stage = stage;
  range.finished_before = before;
  range.walk = walk;
  return range;
}

/// One whole pass of a stage, in small steps; gives what was removed.
std::uint64_t sweep(store_fixture& s, retention_stage stage, utc_time before, std::uint32_t step = 3) {
  std::uint64_t removed = 0;
  for (const auto walk : {retention_walk::kept, retention_walk::fresh}) {
    auto range = range_of(s, stage, before, walk);
    for (;;) {
      const auto some = must(s.reader().retention_candidates_of(range, step));
      if (!some.ids.empty())
        removed += must(s.write([&](write_session& w) {
                     return w.apply_retention(range, some.ids, long_after, milliseconds{1'000});
                   })).removed;
      if (!some.more) break;
      range.after = some.next;
    }
  }
  return removed;
}

legal_hold hold_on(organization_id org, data_scope scope, const std::string& value) {
  legal_hold hold;
  hold.id = hold_id::make();
  hold.organization = org;
  hold.scope = scope;
  hold.value = value;
  return hold;
}

bool is_there(store_fixture& s, const new_delivery& of) {
  return s.reader().get_delivery(s.org, of.content->id, false).has_value();
}

}  // namespace

TEST_CASE("deliveries that were finished before the time go with everything of theirs, and nothing else does") {
  ON_EVERY_ENGINE(s);
  std::vector<new_delivery> old, young;
  for (int i = 0; i < 7; ++i) old.push_back(delivered_at(s, at(i * hour), {"t"}, "c"));
  for (int i = 0; i < 4; ++i) young.push_back(delivered_at(s, at((100 + i) * hour), {"t"}, "c"));
  const auto before = must(s.reader().reconcile());
  CHECK(sweep(s, retention_stage::deliveries, at(50 * hour)) == 7);
  for (const auto& one : old) CHECK_FALSE(is_there(s, one));
  for (const auto& one : young) CHECK(is_there(s, one));
  delivery_filter by_tag, by_correlation, by_destination;
  by_tag.tag = "t";
  by_correlation.correlation_id = "c";
  by_destination.destination = s.hook;
  for (const auto& filter : {delivery_filter{}, by_tag, by_correlation, by_destination})
    CHECK(must(s.reader().list_deliveries(s.org, filter, {})).items.size() == 4);
  const auto after = must(s.reader().reconcile());
  CHECK(after.difference() == 0);
  CHECK(after.accepted == before.accepted);
  CHECK(after.delivered == before.delivered);
  CHECK(sweep(s, retention_stage::deliveries, at(50 * hour)) == 0);
}

TEST_CASE("what waits is never touched, and goes at a later pass once it is finished for long enough") {
  ON_EVERY_ENGINE(s);
  request_options options{{s.hook}};
  auto waiting = request_at(s, options);
  for (const auto stage : {retention_stage::payloads, retention_stage::attempts, retention_stage::deliveries})
    CHECK(sweep(s, stage, long_after) == 0);
  CHECK(must(s.reader().content(s.org, waiting.content->id))->content == waiting.content->content);
  REQUIRE(s.record(make_outcome(waiting.tasks[0]), at(200 * hour)) == record_result::recorded);
  CHECK(sweep(s, retention_stage::deliveries, at(150 * hour)) == 0);
  CHECK(sweep(s, retention_stage::deliveries, at(250 * hour)) == 1);
  CHECK_FALSE(is_there(s, waiting));
}

TEST_CASE("a payload goes before its log, and asking for it tells so") {
  ON_EVERY_ENGINE(s);
  const auto old = delivered_at(s, at(0));
  CHECK(sweep(s, retention_stage::payloads, at(hour)) == 1);
  CHECK(code_of(s.reader().content(s.org, old.content->id)) == error_code::payload_expired);
  const auto view = s.view(old, true);
  CHECK(view.status == delivery_status::completed);
  CHECK(view.size == old.content->content.size());
  CHECK(view.tasks.at(0).external_reference == "ref-1");
  CHECK(sweep(s, retention_stage::deliveries, at(hour)) == 1);
}

TEST_CASE("a payload that was uploaded goes once the last delivery that names it let it go") {
  ON_EVERY_ENGINE(s);
  const auto uploaded = upload(s, "abc");
  std::vector<new_delivery> naming;
  for (const int hours : {0, 10}) {
    request_options options{{s.hook}};
    options.created = at(hours * hour);
    options.uploaded = uploaded;
    naming.push_back(request_at(s, options));
    REQUIRE(s.record(make_outcome(naming.back().tasks[0]), options.created) == record_result::recorded);
  }
  const auto references = [&] { return must(s.reader().get_payload(s.org, uploaded.id)).references; };
  const auto let_go = [&] { return must(s.write([&](write_session& w) { return w.sweep_payloads(long_after, 100); })); };
  REQUIRE(references() == 2);
  // The content of the first goes before its log, which goes later and lets nothing go a second time.
  CHECK(sweep(s, retention_stage::payloads, at(5 * hour)) == 1);
  CHECK(sweep(s, retention_stage::deliveries, at(5 * hour)) == 1);
  CHECK(references() == 1);
  while (let_go()) continue;
  CHECK(references() == 1);
  CHECK(sweep(s, retention_stage::deliveries, at(15 * hour)) == 1);
  while (let_go()) continue;
  CHECK(code_of(s.reader().get_payload(s.org, uploaded.id)) == error_code::payload_not_found);
}

TEST_CASE("a failed delivery whose payload went cannot be sent back") {
  ON_EVERY_ENGINE(s);
  request_options options{{s.hook}};
  auto dead = request_at(s, options);
  REQUIRE(s.record(make_outcome(dead.tasks[0], task_status::failed), at(1)) == record_result::recorded);
  CHECK(sweep(s, retention_stage::payloads, at(hour)) == 0);  // a dead letter keeps its content
  CHECK(sweep(s, retention_stage::dead_letters, at(hour)) == 1);
  CHECK(sweep(s, retention_stage::payloads, at(hour)) == 1);
  CHECK(code_of(s.write([&](write_session& w) { return w.retry(s.org, dead.content->id, {}, 1, at(2)); })) ==
        error_code::payload_expired);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}

TEST_CASE("records of attempts go first, then all attempts but the last") {
  ON_EVERY_ENGINE(s);
  request_options options{{s.hook}};
  auto request = request_at(s, options);
  auto now = request.tasks[0];
  for (std::uint32_t i = 0; i < 3; ++i) {
    auto outcome = with_records(now, i < 2 ? task_status::retrying : task_status::delivered);
    if (i < 2) outcome.due_at = at(i + 1);
    REQUIRE(s.record(outcome, at(i)) == record_result::recorded);
    now.total_attempts = now.attempts = i + 1;
    now.status = task_status::retrying;
    now.due_at = at(i + 1);
  }
  const auto log = [&] { return s.view(request, true).tasks.at(0).attempt_log; };
  REQUIRE(log().size() == 3);
  CHECK(sweep(s, retention_stage::attempt_records, at(hour)) == 1);
  for (const auto& one : log()) {
    const auto whole = must(s.reader().get_attempt(s.org, request.content->id, one.id));
    CHECK(whole.result.request.empty());
    CHECK(whole.result.response.empty());
    CHECK(whole.result.external_reference == "ref-1");
  }
  CHECK(sweep(s, retention_stage::attempts, at(hour)) == 1);
  REQUIRE(log().size() == 1);
  CHECK(log().at(0).number == 3);
  CHECK(sweep(s, retention_stage::deliveries, at(hour)) == 1);
}

TEST_CASE("a dead letter holds its delivery until its own time, then counts as discarded") {
  ON_EVERY_ENGINE(s);
  request_options options{{s.hook}};
  auto dead = request_at(s, options);
  REQUIRE(s.record(make_outcome(dead.tasks[0], task_status::failed), at(2 * hour)) == record_result::recorded);
  CHECK(sweep(s, retention_stage::deliveries, at(5 * hour)) == 0);
  CHECK(sweep(s, retention_stage::dead_letters, at(hour)) == 0);
  CHECK(must(s.reader().count_dead_letters(s.org, {})) == 1);
  CHECK(sweep(s, retention_stage::dead_letters, at(5 * hour)) == 1);
  CHECK(must(s.reader().count_dead_letters(s.org, {})) == 0);
  CHECK(is_there(s, dead));
  CHECK(sweep(s, retention_stage::deliveries, at(5 * hour)) == 1);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}

TEST_CASE("what a legal hold covers stays until it is released") {
  ON_EVERY_ENGINE(s);
  const auto by_tag = delivered_at(s, at(0), {"case"});
  const auto by_correlation = delivered_at(s, at(1), {}, "c-1");
  const auto by_id = delivered_at(s, at(2));
  const auto free = delivered_at(s, at(3));
  const std::vector<legal_hold> holds{hold_on(s.org, data_scope::tag, "case"),
                                      hold_on(s.org, data_scope::correlation_id, "c-1"),
                                      hold_on(s.org, data_scope::delivery, by_id.content->id.to_string())};
  for (const auto& hold : holds) must(s.write([&](write_session& w) { return w.place_hold(hold); }));
  for (const auto stage : {retention_stage::attempt_records, retention_stage::payloads, retention_stage::deliveries})
    CHECK(sweep(s, stage, at(hour)) == 1);
  CHECK_FALSE(is_there(s, free));
  for (const auto* held : {&by_tag, &by_correlation, &by_id})
    CHECK(must(s.reader().content(s.org, held->content->id))->content == held->content->content);
  for (const auto& hold : holds) must(s.write([&](write_session& w) { return w.release_hold(s.org, hold.id); }));
  CHECK(sweep(s, retention_stage::deliveries, at(hour)) == 3);
}

TEST_CASE("a hold on a destination keeps what goes there") {
  ON_EVERY_ENGINE(s);
  delivered_at(s, at(0));
  const auto hold = hold_on(s.org, data_scope::destination, s.hook.to_string());
  must(s.write([&](write_session& w) { return w.place_hold(hold); }));
  CHECK(sweep(s, retention_stage::deliveries, at(hour)) == 0);
}

TEST_CASE("a step stops when its budget is spent, and the walk goes on from there after a restart") {
  ON_EVERY_ENGINE(s);
  for (int i = 0; i < 300; ++i) delivered_at(s, at(i));
  const auto range = range_of(s, retention_stage::deliveries, at(hour));
  const auto some = must(s.reader().retention_candidates_of(range, 300));
  CHECK(some.ids.size() == 300);
  const auto step =
      must(s.write([&](write_session& w) { return w.apply_retention(range, some.ids, long_after, milliseconds{0}); }));
  CHECK(step.looked_at >= 1);
  CHECK(step.looked_at < 300);
  CHECK(step.removed == step.looked_at);
  s.reopen();
  CHECK(sweep(s, retention_stage::deliveries, at(hour), 50) == 300 - step.removed);
}

TEST_CASE("retention of one organization leaves the others alone") {
  ON_EVERY_ENGINE(s);
  const auto mine = delivered_at(s, at(0));
  const auto other = s.add_organization("second");
  auto range = range_of(s, retention_stage::deliveries, at(hour));
  range.organization = other;
  CHECK(must(s.reader().retention_candidates_of(range, 10)).ids.empty());
  must(s.write([&](write_session& w) { return w.apply_retention(range, {mine.content->id}, long_after, milliseconds{100}); }));
  CHECK(is_there(s, mine));
}
