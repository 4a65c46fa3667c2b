// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/queue/task_rank.hpp"
#include "tests/store/postgres/cluster.hpp"

namespace waybill::core::test {

const std::vector<engine>& engines() {
  static const std::vector<engine> all = [] {
    std::vector<engine> known{
        {"sqlite", [](const std::filesystem::path& folder) { return "sqlite://" + (folder / "store.db").string(); }},
        {"postgresql", [](const std::filesystem::path& folder) { return postgres_cluster::shared().store_for(folder); }}};
    const char* only = std::getenv("WAYBILL_TEST_ENGINE");
    if (only)
      known.erase(std::remove_if(known.begin(), known.end(), [&](const engine& e) { return e.name != only; }), known.end());
    return known;
  }();
  return all;
}

scratch_folder::scratch_folder() {
  auto name = (std::filesystem::temp_directory_path() / "waybill-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) FAIL("cannot make " << name);
  path_ = name;
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;  // a folder left in /tmp is no reason to fail
  std::filesystem::remove_all(path_, ignored);
}

utc_time at(std::int64_t ms) { return from_unix_ms(1'767'225'600'000 + ms); }

new_delivery make_request(organization_id org, const request_options& options) {
  auto d = std::make_shared<delivery>();
  d->id = delivery_id::make();
  d->organization = org;
  d->created_at = options.created;
  d->payload_type = "report";
  d->content_type = "application/json";
  d->content = options.content;
  if (options.uploaded) {
    d->content.clear();
    d->payload = options.uploaded->id;
    d->payload_size = options.uploaded->size;
    d->sha256 = options.uploaded->sha256;
  }
  d->priority = options.priority;
  d->ordering_key = options.key;
  d->deliver_within = options.within;
  new_delivery request;
  for (const auto& destination : options.to) {
    task t;
    t.id = task_id::make();
    t.delivery = d->id;
    t.organization = org;
    t.destination = destination;
    t.owner_epoch = options.epoch;
    t.priority = options.priority;
    t.created_at = options.created;
    t.due_at = options.due.value_or(options.created);
    t.rank = rank_of(t.created_at, t.priority, options.ageing);
    if (options.within) t.deliver_by = options.created + *options.within;
    request.tasks.push_back(t);
  }
  request.content = std::move(d);
  return request;
}

attempt_record make_outcome(const task& before, task_status after) {
  attempt_record r;
  r.before = before;
  r.after = after;
  r.attempts_after = before.attempts + 1;
  r.made.id = attempt_id::make();
  r.made.task = before.id;
  r.made.number = before.total_attempts + 1;
  r.made.started_at = at(1);
  r.made.duration = milliseconds{3};
  const bool delivered = after == task_status::delivered;
  r.made.result.action = delivered ? attempt_action::delivered : attempt_action::retry;
  r.made.result.category = delivered ? failure_category::none : failure_category::remote;
  r.made.result.code = delivered ? 200 : 503;
  r.progress.consecutive_failures = delivered ? 0 : 1;
  return r;
}

destination make_destination(organization_id org, const std::string& label) {
  destination d;
  d.id = destination_id::make();
  d.organization = org;
  d.type = "webhook";
  d.label = label;
  d.config = {{"url", "https://example.org/"}};
  d.created_at = d.updated_at = at(0);
  return d;
}

organization make_organization(const std::string& name) {
  organization o;
  o.id = organization_id::make();
  o.name = name;
  o.created_at = o.updated_at = at(0);
  return o;
}

store_fixture::store_fixture(const engine& which) : url_(which.url(folder_.path())) {
  reopen();
  org = add_organization("first");
  hook = add_destination(org);
}

void store_fixture::close() {
  reader_.reset();
  writer_.reset();
  store_.reset();
}

void store_fixture::reopen() {
  close();
  store_ = must(open_store(url_));
  writer_ = must(store_->open_writer());
  reader_ = must(store_->open_reader());
}

organization_id store_fixture::add_organization(const std::string& name) {
  const auto o = make_organization(name);
  must(write([&](write_session& w) { return w.create_organization(o); }));
  return o.id;
}

destination_id store_fixture::add_destination(organization_id owner, const std::string& label) {
  const auto d = make_destination(owner, label);
  must(write([&](write_session& w) { return w.create_destination(d, {}); }));
  return d.id;
}

std::vector<accept_result> store_fixture::accept(const std::vector<new_delivery>& batch, utc_time now) {
  return must(write_foreseen([&](write_session& w) { return w.accept(batch, now); }));
}

new_delivery store_fixture::accept(const request_options& options) {
  auto request = make_request(org, options);
  accept({request}, options.created);
  return request;
}

record_result store_fixture::record(const attempt_record& one, utc_time now) {
  return must(write_foreseen([&](write_session& w) { return w.record({one}, now); })).front();
}

claim_result store_fixture::claim(destination_id id, std::uint64_t epoch, utc_time now, std::uint32_t limit,
                                  const std::unordered_set<task_id>& held, milliseconds lookahead) {
  return must(write([&](write_session& w) { return w.claim(id, epoch, now, lookahead, limit, held); }));
}

new_delivery store_fixture::dead_letter(const request_options& options, utc_time failed_at, failure_category category) {
  auto request = accept(options);
  for (const auto& one : request.tasks) {
    auto outcome = make_outcome(one, task_status::failed);
    outcome.made.result.category = category;
    outcome.made.result.message = "the receiver refused it";
    REQUIRE(record(outcome, failed_at) == record_result::recorded);
  }
  return request;
}

delivery_view store_fixture::view(const new_delivery& of, bool with_attempts) {
  return must(reader_->get_delivery(of.content->organization, of.content->id, with_attempts));
}

}  // namespace waybill::core::test
