// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

erasure order_for(organization_id org, data_scope scope, const std::string& selector) {
  erasure e;
  e.id = erasure_id::make();
  e.organization = org;
  e.scope = scope;
  e.selector = selector;
  e.reason = "on request";
  e.requested_by = key_id::make();
  e.requested_at = at(1'000);
  return e;
}

new_delivery accept_with(store_fixture& s, const std::string& tag, const std::string& correlation, utc_time created = at(0),
                         std::optional<destination_id> to = {}) {
  request_options options{{to.value_or(s.hook)}};
  options.created = created;
  auto request = make_request(s.org, options);
  auto content = std::make_shared<delivery>(*request.content);
  content->tags = {tag, "common"};
  content->correlation_id = correlation;
  content->idempotency_key = "key-" + content->id.to_string();
  request.content = content;
  request.idempotency = idempotency_claim{"POST /v1/deliveries", content->idempotency_key, content->sha256, at(1'000'000)};
  s.accept({request}, created);
  return request;
}

void create(store_fixture& s, const erasure& order) {
  must(s.write([&](write_session& w) { return w.create_erasure(order); }));
}

/// Runs the deliveries' part to its end, `step` at a time.
erasure run(store_fixture& s, erasure order, std::uint32_t step, std::vector<task>* cancelled = nullptr) {
  for (;;) {
    const auto ids = must(s.reader().erasure_candidates(order, step));
    if (ids.empty()) return order;
    auto done =
        must(s.write([&](write_session& w) { return w.erase_deliveries(order.id, ids, at(2'000), milliseconds{1'000}); }));
    order = done.now;
    if (cancelled) cancelled->insert(cancelled->end(), done.cancelled.begin(), done.cancelled.end());
  }
}

bool is_there(store_fixture& s, const new_delivery& of) {
  return s.reader().get_delivery(of.content->organization, of.content->id, false).has_value();
}

}  // namespace

TEST_CASE("an erasure by correlation id takes what waits, what is finished and what is dead, and counts it") {
  ON_EVERY_ENGINE(s);
  const auto waiting = accept_with(s, "a", "patient-1");
  const auto delivered = accept_with(s, "b", "patient-1");
  const auto dead = accept_with(s, "c", "patient-1");
  const auto other = accept_with(s, "a", "patient-2");
  REQUIRE(s.record(make_outcome(delivered.tasks[0])) == record_result::recorded);
  REQUIRE(s.record(make_outcome(dead.tasks[0], task_status::failed)) == record_result::recorded);
  const auto order = order_for(s.org, data_scope::correlation_id, "patient-1");
  create(s, order);
  std::vector<task> cancelled;
  const auto done = run(s, order, 2, &cancelled);
  CHECK(done.cancelled == 1);
  REQUIRE(cancelled.size() == 1);
  CHECK(cancelled[0].id == waiting.tasks[0].id);
  CHECK(done.erased.at("deliveries") == 3);
  CHECK(done.erased.at("delivery_logs") == 3);
  CHECK(done.erased.at("delivery_attempts") == 2);
  CHECK(done.erased.at("delivery_tags") == 6);
  CHECK(done.erased.at("idempotency_keys") == 3);
  for (const auto* gone : {&waiting, &delivered, &dead}) CHECK_FALSE(is_there(s, *gone));
  CHECK(is_there(s, other));
  const auto sums = must(s.reader().reconcile());
  CHECK(sums.difference() == 0);
  CHECK(sums.cancelled == 1);
  CHECK(sums.accepted == 4);
  CHECK(must(s.reader().count_dead_letters(s.org, {})) == 0);
}

TEST_CASE("an attempt that ends after its delivery was erased changes nothing") {
  ON_EVERY_ENGINE(s);
  const auto waiting = accept_with(s, "a", "patient-1");
  const auto order = order_for(s.org, data_scope::delivery, waiting.content->id.to_string());
  create(s, order);
  run(s, order, 10);
  CHECK(s.record(make_outcome(waiting.tasks[0])) == record_result::fenced);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}

TEST_CASE("an erasure by tag leaves what was accepted after it was asked for") {
  ON_EVERY_ENGINE(s);
  const auto before = accept_with(s, "gone", "c");
  const auto after = accept_with(s, "gone", "c", at(1'001));
  const auto order = order_for(s.org, data_scope::tag, "gone");
  create(s, order);
  const auto done = run(s, order, 10);
  CHECK(done.erased.at("deliveries") == 1);
  CHECK_FALSE(is_there(s, before));
  CHECK(is_there(s, after));
}

TEST_CASE("an erasure is resumed where it was, with its counts") {
  ON_EVERY_ENGINE(s);
  for (int i = 0; i < 5; ++i) accept_with(s, "t", "c");
  const auto order = order_for(s.org, data_scope::tag, "t");
  create(s, order);
  const auto first = must(s.reader().erasure_candidates(order, 2));
  must(s.write([&](write_session& w) { return w.erase_deliveries(order.id, first, at(2'000), milliseconds{1'000}); }));
  s.reopen();
  auto pending = must(s.reader().unfinished_erasures());
  REQUIRE(pending.size() == 1);
  CHECK(pending[0].erased.at("deliveries") == 2);
  CHECK(pending[0].selector == "t");
  auto done = run(s, pending[0], 2);
  CHECK(done.erased.at("deliveries") == 5);
  done.state = erasure_state::completed;
  done.selector.clear();
  done.finished_at = at(3'000);
  done.certificate = make_certificate(done, at(3'000));
  must(s.write([&](write_session& w) { return w.update_erasure(done); }));
  CHECK(must(s.reader().unfinished_erasures()).empty());
  const auto read = must(s.reader().get_erasure(order.id));
  CHECK(read.state == erasure_state::completed);
  CHECK(read.certificate == done.certificate);
  CHECK(read.finished_at == at(3'000));
  CHECK(read.requested_by == order.requested_by);
}

TEST_CASE("an erasure never crosses organizations") {
  ON_EVERY_ENGINE(s);
  const auto mine = accept_with(s, "shared", "shared");
  const auto other = s.add_organization("second");
  for (const auto& [scope, selector] : {std::pair{data_scope::tag, std::string("shared")},
                                        {data_scope::correlation_id, std::string("shared")},
                                        {data_scope::delivery, mine.content->id.to_string()}}) {
    const auto order = order_for(other, scope, selector);
    create(s, order);
    CHECK(must(s.reader().erasure_candidates(order, 10)).empty());
    const auto done = must(
        s.write([&](write_session& w) { return w.erase_deliveries(order.id, {mine.content->id}, at(1), milliseconds{100}); }));
    CHECK(done.now.erased.empty());
  }
  CHECK(is_there(s, mine));
  CHECK(must(s.reader().list_erasures(other, {2, {}})).items.size() == 2);
  CHECK(must(s.reader().list_erasures(s.org, {})).items.empty());
  CHECK(code_of(s.reader().get_erasure(erasure_id::make())) == error_code::erasure_not_found);
}

TEST_CASE("a legal hold stands in the way of an erasure that names something it covers") {
  ON_EVERY_ENGINE(s);
  accept_with(s, "t", "c-1");
  const auto held = accept_with(s, "t", "c-2");
  legal_hold hold;
  hold.id = hold_id::make();
  hold.organization = s.org;
  hold.scope = data_scope::correlation_id;
  hold.value = "c-2";
  must(s.write([&](write_session& w) { return w.place_hold(hold); }));
  auto by_tag = order_for(s.org, data_scope::tag, "t");
  const auto found = must(s.reader().hold_against(by_tag, 10));
  REQUIRE(found);
  CHECK(found->id == hold.id);
  auto by_other = order_for(s.org, data_scope::correlation_id, "c-1");
  CHECK_FALSE(must(s.reader().hold_against(by_other, 10)));
  CHECK(by_other.position.is_nil());
  auto whole = order_for(s.org, data_scope::organization, "");
  CHECK(must(s.reader().hold_against(whole, 10)));
  // One that comes while the erasure runs protects what is still there.
  by_tag.position = {};
  create(s, by_tag);
  const auto done = run(s, by_tag, 10);
  CHECK(done.held == 1);
  CHECK(done.erased.at("deliveries") == 1);
  CHECK(is_there(s, held));
}

TEST_CASE("nothing of an erased organization is left but its trail") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_organization("second");
  const auto others_hook = s.add_destination(other);
  signing_secret secret;
  secret.id = secret_id::make();
  secret.destination = s.hook;
  secret.algorithm = "hmac-sha256";
  secret.secret = "sealed";
  api_key key;
  key.id = key_id::make();
  key.organization = s.org;
  must(s.write([&](write_session& w) -> result<void> {
    must(w.add_signing_secret(secret));
    must(w.put_handler_state(s.hook, "token", "x"));
    must(w.create_key(key));
    return w.append_audit({audit_entry{s.org, at(1), {}, "a", "", "{}"}});
  }));
  for (int i = 0; i < 3; ++i) accept_with(s, "t", "c");
  const auto order = order_for(s.org, data_scope::organization, "");
  create(s, order);
  run(s, order, 2);
  erasure_step step;
  int steps = 0;
  do {
    step = must(s.write([&](write_session& w) { return w.erase_organization_rows(order.id, 2); }));
    REQUIRE(++steps < 100);
  } while (!step.done);
  CHECK(step.now.erased.at("deliveries") == 3);
  CHECK(step.now.erased.at("delivery_destinations") == 1);
  CHECK(step.now.erased.at("webhook_secrets") == 1);
  CHECK(step.now.erased.at("handler_state") == 1);
  CHECK(step.now.erased.at("api_keys") == 1);
  CHECK(step.now.erased.at("organizations") == 1);
  CHECK(code_of(s.reader().get_organization(s.org)) == error_code::organization_not_found);
  CHECK(must(s.reader().all_keys()).empty());
  CHECK(must(s.reader().list_audit(s.org, {}, {})).items.size() == 1);
  CHECK(must(s.reader().get_destination(other, others_hook)).id == others_hook);
  CHECK(must(s.reader().reconcile()).difference() == 0);
}
