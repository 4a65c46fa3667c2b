// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

TEST_CASE("no read shows anything of another organization") {
  ON_EVERY_ENGINE(s);
  auto request = make_request(s.org, {{s.hook}});
  auto content = std::make_shared<delivery>(*request.content);
  content->tags = {"q1"};
  content->correlation_id = "c";
  request.content = content;
  s.accept({request});
  const auto outcome = make_outcome(request.tasks[0], task_status::failed);
  REQUIRE(s.record(outcome) == record_result::recorded);
  s.accept({{s.hook}});
  api_key k;
  k.id = key_id::make();
  k.organization = s.org;
  must(s.write([&](write_session& w) { return w.create_key(k); }));
  const auto spy = s.add_organization("spy");
  auto& r = s.reader();
  const auto id = request.content->id;

  CHECK(code_of(r.get_delivery(spy, id, true)) == error_code::delivery_not_found);
  CHECK(code_of(r.content(spy, id)) == error_code::delivery_not_found);
  CHECK(code_of(r.get_attempt(spy, id, outcome.made.id)) == error_code::delivery_not_found);
  CHECK(code_of(r.get_destination(spy, s.hook)) == error_code::destination_not_found);
  CHECK(must(r.list_deliveries(spy, {}, {})).items.empty());
  for (const auto status : {delivery_status::queued, delivery_status::failed}) {
    delivery_filter f;
    f.status = status;
    CHECK(must(r.list_deliveries(spy, f, {})).items.empty());
    f = {};
    f.destination = s.hook;
    CHECK(must(r.list_deliveries(spy, f, {})).items.empty());
    f = {};
    f.tag = "q1";
    CHECK(must(r.list_deliveries(spy, f, {})).items.empty());
    f = {};
    f.correlation_id = "c";
    CHECK(must(r.list_deliveries(spy, f, {})).items.empty());
  }
  CHECK(must(r.list_destinations(spy, {}, {})).items.empty());
  dead_letter_filter dead;
  CHECK(must(r.list_dead_letters(spy, dead, {})).items.empty());
  dead.tasks = {request.tasks[0].id};
  CHECK(must(r.count_dead_letters(spy, dead)) == 0);
  dead = {};
  dead.destinations = {s.hook};
  CHECK(must(r.count_dead_letters(spy, dead)) == 0);
  CHECK(must(r.queue(spy, at(0))).pending == 0);
  CHECK(must(r.list_keys(spy, {})).items.empty());
}

TEST_CASE("no write changes anything of another organization") {
  ON_EVERY_ENGINE(s);
  const auto failed = s.dead_letter({{s.hook}});
  const auto waiting = s.accept({{s.hook}});
  api_key k;
  k.id = key_id::make();
  k.organization = s.org;
  must(s.write([&](write_session& w) { return w.create_key(k); }));
  const auto spy = s.add_organization("spy");
  const auto refused = [&](auto work) { return code_of(s.write(work)); };
  CHECK(refused([&](write_session& w) { return w.cancel(spy, waiting.content->id, {}, at(2)); }) ==
        error_code::delivery_not_found);
  CHECK(refused([&](write_session& w) { return w.retry(spy, failed.content->id, {}, 1, at(2)); }) ==
        error_code::delivery_not_found);
  CHECK(refused([&](write_session& w) { return w.delete_destination(spy, s.hook, 0, at(2)); }) ==
        error_code::destination_not_found);
  CHECK(refused([&](write_session& w) {
          return w.set_destination_state(spy, s.hook, destination_state::disabled, "", at(2));
        }) == error_code::destination_not_found);
  auto stolen = must(s.reader().load_destination(s.hook));
  stolen.organization = spy;
  CHECK(refused([&](write_session& w) { return w.update_destination(stolen, 0); }) == error_code::destination_not_found);
  CHECK(refused([&](write_session& w) { return w.revoke_key(spy, k.id, at(2)); }) == error_code::key_not_found);
  CHECK(s.view(waiting).status == delivery_status::queued);
  CHECK(s.view(failed).status == delivery_status::failed);
}

TEST_CASE("the engine can tell whose id it is") {
  ON_EVERY_ENGINE(s);
  const auto other = s.add_organization("other");
  const auto foreign = make_request(other, {{s.add_destination(other)}});
  s.accept({foreign});
  CHECK(must(s.reader().owner_of(s.hook)) == s.org);
  CHECK(must(s.reader().owner_of(foreign.content->id)) == other);
  CHECK_FALSE(must(s.reader().owner_of(destination_id::make())));
  CHECK_FALSE(must(s.reader().owner_of(delivery_id::make())));
}
