// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

signing_secret make_secret(destination_id destination, utc_time created) {
  signing_secret secret;
  secret.id = secret_id::make();
  secret.destination = destination;
  secret.algorithm = "hmac-sha512";
  secret.secret = "sealed:abc";
  secret.customer_supplied = true;
  secret.created_at = created;
  return secret;
}

utc_time in_an_hour() {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()) + std::chrono::hours(1);
}

}  // namespace

TEST_CASE("a destination is read back whole") {
  ON_EVERY_ENGINE(s);
  auto d = make_destination(s.org, "Patient portal ü");
  d.config = {{"url", "https://example.org"}, {"headers", {{"X-Api-Key", "sealed:1"}}}, {"timeoutMs", 30'000}};
  d.policy.retry.max_attempts = 3;
  d.policy.retry.schedule = std::vector<milliseconds>{milliseconds{1'000}, milliseconds{5'000}};
  d.policy.limits.rate_per_second = 12.5;
  d.policy.disable_threshold = 9;
  d.tags = {"portal", "x"};
  d.metadata = {{"team", "a"}};
  d.created_at = at(5);
  d.updated_at = at(6);
  must(s.write([&](write_session& w) { return w.create_destination(d, {}); }));
  for (const auto& read : {must(s.reader().get_destination(s.org, d.id)), must(s.reader().load_destination(d.id))}) {
    CHECK(read.id == d.id);
    CHECK(read.organization == s.org);
    CHECK(read.type == "webhook");
    CHECK(read.label == d.label);
    CHECK(read.config == d.config);
    CHECK(to_json(read.policy) == to_json(d.policy));
    CHECK(read.tags == d.tags);
    CHECK(read.metadata == d.metadata);
    CHECK(read.state == destination_state::enabled);
    CHECK(read.created_at == at(5));
    CHECK(read.updated_at == at(6));
    CHECK(read.version == 1);
  }
}

TEST_CASE("a destination needs an organization that is there") {
  ON_EVERY_ENGINE(s);
  const auto stray = make_destination(organization_id::make());
  CHECK(code_of(s.write([&](write_session& w) { return w.create_destination(stray, {}); })) ==
        error_code::organization_not_found);
}

TEST_CASE("an update needs the version that was read") {
  ON_EVERY_ENGINE(s);
  auto d = must(s.reader().get_destination(s.org, s.hook));
  d.label = "new";
  d.config = {{"url", "https://new.example.org"}};
  d.updated_at = at(77);
  const auto update = [&](std::uint64_t expected) {
    return s.write([&](write_session& w) { return w.update_destination(d, expected); });
  };
  CHECK(update(1));
  CHECK(code_of(update(1)) == error_code::precondition_failed);
  CHECK(update(2));
  CHECK(update(0));
  const auto read = must(s.reader().get_destination(s.org, s.hook));
  CHECK(read.version == 4);
  CHECK(read.label == "new");
  CHECK(read.config == d.config);
  CHECK(read.updated_at == at(77));
  d.id = destination_id::make();
  CHECK(code_of(update(0)) == error_code::destination_not_found);
}

TEST_CASE("a deletion needs the version that was read") {
  ON_EVERY_ENGINE(s);
  const auto remove = [&](std::uint64_t expected) {
    return s.write([&](write_session& w) { return w.delete_destination(s.org, s.hook, expected, at(9)); });
  };
  CHECK(code_of(remove(2)) == error_code::precondition_failed);
  CHECK(remove(1));
  CHECK(code_of(remove(0)) == error_code::destination_not_found);
}

TEST_CASE("disabling says why, enabling resets the failures and closes the breaker") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  auto open = make_outcome(request.tasks[0], task_status::retrying);
  open.due_at = at(100);
  open.progress = {7, breaker_state::open, at(5), at(305), 2};
  REQUIRE(s.record(open) == record_result::recorded);
  const auto set = [&](destination_state state, const std::string& why, utc_time now) {
    return must(s.write([&](write_session& w) { return w.set_destination_state(s.org, s.hook, state, why, now); }));
  };
  const auto disabled = set(destination_state::disabled, "too many failures", at(40));
  CHECK(disabled.state == destination_state::disabled);
  CHECK(disabled.disabled_reason == "too many failures");
  CHECK(disabled.disabled_at == at(40));
  CHECK(disabled.version == 2);
  auto health = must(s.reader().get_health(s.hook));
  CHECK(health.status == health_status::disabled);
  CHECK(health.disabled_reason == "too many failures");
  CHECK(health.consecutive_failures == 7);

  const auto enabled = set(destination_state::enabled, "", at(50));
  CHECK(enabled.state == destination_state::enabled);
  CHECK(enabled.disabled_reason.empty());
  CHECK_FALSE(enabled.disabled_at);
  CHECK(enabled.updated_at == at(50));
  health = must(s.reader().get_health(s.hook));
  CHECK(health.status == health_status::healthy);
  CHECK(health.consecutive_failures == 0);
  CHECK(health.breaker == breaker_state::closed);
  CHECK_FALSE(health.breaker_opened_at);
  CHECK_FALSE(health.breaker_next_attempt_at);
  CHECK(health.breaker_openings == 0);
  CHECK(health.total_failures == 1);
}

TEST_CASE("destinations are filtered by type, label, tag, state and health") {
  ON_EVERY_ENGINE(s);
  auto mail = make_destination(s.org, "Mail 100%");
  mail.type = "email";
  mail.tags = {"x", "portal"};
  must(s.write([&](write_session& w) { return w.create_destination(mail, {}); }));
  const auto list = [&](const destination_filter& f) {
    std::vector<destination_id> found;
    for (const auto& one : must(s.reader().list_destinations(s.org, f, {})).items) found.push_back(one.id);
    return found;
  };
  using ids = std::vector<destination_id>;
  destination_filter f;
  CHECK(list(f) == ids{s.hook, mail.id});
  f.type = "email";
  CHECK(list(f) == ids{mail.id});
  f = {};
  f.label = "mAIL";
  CHECK(list(f) == ids{mail.id});
  f.label = "0%";
  CHECK(list(f) == ids{mail.id});
  f.label = "_00";
  CHECK(list(f).empty());
  f = {};
  f.tag = "portal";
  CHECK(list(f) == ids{mail.id});
  f.tag = "port";
  CHECK(list(f).empty());
  f = {};
  must(s.write(
      [&](write_session& w) { return w.set_destination_state(s.org, mail.id, destination_state::disabled, "x", at(1)); }));
  f.state = destination_state::disabled;
  CHECK(list(f) == ids{mail.id});
  f = {};
  f.health = health_status::disabled;
  CHECK(list(f) == ids{mail.id});
  f.health = health_status::degraded;
  CHECK(list(f).empty());
  const auto request = s.accept({{s.hook}});
  REQUIRE(s.record(make_outcome(request.tasks[0], task_status::failed)) == record_result::recorded);
  CHECK(list(f) == ids{s.hook});
}

TEST_CASE("secrets are listed newest first while they live") {
  ON_EVERY_ENGINE(s);
  const auto first = make_secret(s.hook, at(1)), second = make_secret(s.hook, at(2));
  const auto d = make_destination(s.org);
  const auto with = make_secret(d.id, at(3));
  must(s.write([&](write_session& w) { return w.create_destination(d, {with}); }));
  must(s.write([&](write_session& w) { return w.add_signing_secret(first); }));
  must(s.write([&](write_session& w) { return w.add_signing_secret(second); }));
  CHECK(must(s.reader().signing_secrets(d.id)).size() == 1);
  auto live = must(s.reader().signing_secrets(s.hook));
  REQUIRE(live.size() == 2);
  CHECK(live[0].id == second.id);
  CHECK(live[0].destination == s.hook);
  CHECK(live[0].algorithm == "hmac-sha512");
  CHECK(live[0].secret == "sealed:abc");
  CHECK(live[0].customer_supplied);
  CHECK_FALSE(live[0].expires_at);
  CHECK(live[0].created_at == at(2));

  const auto expire = [&](secret_id id, utc_time when) {
    return s.write([&](write_session& w) { return w.expire_signing_secret(s.hook, id, when); });
  };
  const auto soon = in_an_hour();
  CHECK(expire(first.id, soon));
  CHECK(must(s.reader().signing_secrets(s.hook))[1].expires_at == soon);
  CHECK(expire(first.id, at(-1)));
  CHECK(must(s.reader().signing_secrets(s.hook)).size() == 1);
  CHECK(code_of(expire(secret_id::make(), soon)) == error_code::secret_not_found);
  CHECK(code_of(expire(with.id, soon)) == error_code::secret_not_found);
  const auto stray = make_secret(destination_id::make(), at(1));
  CHECK(code_of(s.write([&](write_session& w) { return w.add_signing_secret(stray); })) == error_code::destination_not_found);
}

TEST_CASE("what a handler stores belongs to its destination") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const std::string value("a\0b", 3);
  const auto put = [&](destination_id id, const std::string& what) {
    return s.write([&](write_session& w) { return w.put_handler_state(id, "token", what); });
  };
  CHECK(code_of(s.reader().handler_state(s.hook, "token")) == error_code::not_found);
  CHECK(put(s.hook, "old"));
  CHECK(put(s.hook, value));
  CHECK(put(second, ""));
  CHECK(must(s.reader().handler_state(s.hook, "token")) == value);
  CHECK(must(s.reader().handler_state(second, "token")).empty());
  CHECK(code_of(s.reader().handler_state(s.hook, "other")) == error_code::not_found);
  CHECK(code_of(put(destination_id::make(), "x")) == error_code::destination_not_found);
  must(s.write([&](write_session& w) { return w.delete_destination(s.org, s.hook, 0, at(1)); }));
  CHECK(code_of(s.reader().handler_state(s.hook, "token")) == error_code::not_found);
}

TEST_CASE("organizations are kept with their policy and version") {
  ON_EVERY_ENGINE(s);
  auto o = make_organization("Clinic");
  o.policy.breaker.failure_threshold = 4;
  must(s.write([&](write_session& w) { return w.create_organization(o); }));
  o.name = "Clinic 2";
  o.updated_at = at(8);
  const auto update = [&](std::uint64_t expected) {
    return s.write([&](write_session& w) { return w.update_organization(o, expected); });
  };
  CHECK(update(1));
  CHECK(code_of(update(1)) == error_code::precondition_failed);
  const auto read = must(s.reader().get_organization(o.id));
  CHECK(read.name == "Clinic 2");
  CHECK(read.version == 2);
  CHECK(read.updated_at == at(8));
  CHECK(read.policy.breaker.failure_threshold == 4u);
  CHECK(code_of(s.reader().get_organization(organization_id::make())) == error_code::organization_not_found);
  CHECK(code_of(s.write([&](write_session& w) { return w.create_organization(o); })) == error_code::conflict);
  o.id = organization_id::make();
  CHECK(code_of(update(0)) == error_code::organization_not_found);
}
