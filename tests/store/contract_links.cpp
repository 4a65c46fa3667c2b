// SPDX-License-Identifier: Apache-2.0
#include "core/links/link_token.hpp"
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

download_link make_link(const store_fixture& s, delivery_id of) {
  download_link link;
  link.id = link_id::make();
  link.organization = s.org;
  link.delivery = of;
  link.destination = s.hook;
  link.token_hash = token_hash(link.id.to_string());
  link.options_hash = token_hash("{}");
  link.base_url = "https://files.example";
  link.created_at = at(0);
  link.expires_at = at(1'000'000);
  link.purge_at = at(2'000'000);
  return link;
}

/// A delivery with a link to it, which a test changes first.
template <class Change>
download_link linked(store_fixture& s, Change change) {
  auto link = make_link(s, s.accept(request_options{{s.hook}}).content->id);
  change(link);
  return must(s.write([&](write_session& w) { return w.create_link(link); }));
}
download_link linked(store_fixture& s) {
  return linked(s, [](download_link&) {});
}

link_use use_of(const download_link& link, const std::string& address = "192.0.2.1") {
  link_use use;
  use.organization = link.organization;
  use.id = link.id;
  use.address = address;
  use.agent = "curl/8";
  use.bytes = 100;
  use.size = 100;
  return use;
}
link_use part_of(const download_link& link, std::uint64_t bytes, utc_time since, const std::string& address = "192.0.2.1") {
  auto use = use_of(link, address);
  use.bytes = bytes;
  use.is_part = true;
  use.continues_since = since;
  return use;
}

link_grant use(store_fixture& s, const link_use& wanted, utc_time now = at(10)) {
  return must(s.write([&](write_session& w) { return w.use_link(wanted, now); }));
}

std::vector<link_access> log_of(store_fixture& s, const download_link& link) {
  return must(s.reader().list_accesses(link.organization, link.id, {500, {}})).items;
}

}  // namespace

TEST_CASE("a link is read back whole, by its id and by the hash of its token") {
  ON_EVERY_ENGINE(s);
  const auto made = linked(s, [](download_link& l) {
    l.password = link_password::shared;
    l.password_hash = "scrypt:v1:x";
    l.allowed_ranges = {"10.0.0.0/8", "fd00::/8"};
    l.max_access = 3;
  });
  const auto read = must(s.reader().get_link(s.org, made.id));
  CHECK(read.delivery == made.delivery);
  CHECK(read.destination == s.hook);
  CHECK(read.base_url == "https://files.example");
  CHECK(read.password == link_password::shared);
  CHECK(read.password_hash == "scrypt:v1:x");
  CHECK(read.allowed_ranges == made.allowed_ranges);
  CHECK(read.max_access == 3);
  CHECK(read.created_at == at(0));
  CHECK(read.expires_at == at(1'000'000));
  CHECK(read.state(at(5)) == link_state::active);
  CHECK(must(s.reader().find_link(made.token_hash))->id == made.id);
  CHECK_FALSE(must(s.reader().find_link(token_hash("another"))));
}

TEST_CASE("a link of another organization is as an unknown one") {
  ON_EVERY_ENGINE(s);
  const auto made = linked(s);
  const auto other = s.add_organization("second");
  CHECK(code_of(s.reader().get_link(other, made.id)) == error_code::link_not_found);
  CHECK(code_of(s.reader().list_accesses(other, made.id, {})) == error_code::link_not_found);
  CHECK(must(s.reader().list_links(other, {}, {})).items.empty());
  CHECK(code_of(s.write([&](write_session& w) { return w.revoke_link(other, made.id, key_id::make(), at(1)); })) ==
        error_code::link_not_found);
  CHECK(must(s.reader().link_owner(made.id)) == s.org);
}

TEST_CASE("the same delivery and options get the link that is there, until it cannot be used any more") {
  ON_EVERY_ENGINE(s);
  const auto first = linked(s, [](download_link& l) { l.max_access = 1; });
  auto again = make_link(s, first.delivery);
  CHECK(must(s.write([&](write_session& w) { return w.create_link(again); })).id == first.id);
  auto other = make_link(s, first.delivery);
  other.options_hash = token_hash("{\"maxAccess\":2}");
  CHECK(must(s.write([&](write_session& w) { return w.create_link(other); })).id == other.id);
  REQUIRE(use(s, use_of(first)).granted);
  CHECK(must(s.write([&](write_session& w) { return w.create_link(again); })).id == again.id);
}

TEST_CASE("links are listed newest first, by delivery and by destination, in pages") {
  ON_EVERY_ENGINE(s);
  const auto a = linked(s), b = linked(s), c = linked(s);
  const auto first = must(s.reader().list_links(s.org, {}, {2, {}}));
  REQUIRE(first.items.size() == 2);
  CHECK(first.items[0].id == c.id);
  const auto second = must(s.reader().list_links(s.org, {}, {2, first.next_cursor}));
  REQUIRE(second.items.size() == 1);
  CHECK(second.items[0].id == a.id);
  CHECK(must(s.reader().list_links(s.org, {b.delivery, {}}, {})).items.size() == 1);
  CHECK(must(s.reader().list_links(s.org, {{}, s.hook}, {})).items.size() == 3);
  CHECK(must(s.reader().list_links(s.org, {{}, destination_id::make()}, {})).items.empty());
}

TEST_CASE("a link gives as many accesses as it may, over a restart as well") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s, [](download_link& l) { l.max_access = 2; });
  CHECK(use(s, use_of(link)).access == 1);
  s.reopen();
  CHECK(use(s, use_of(link, "192.0.2.2")).access == 2);
  const auto third = use(s, use_of(link));
  CHECK_FALSE(third.granted);
  CHECK(third.outcome == access_outcome::used_up);
  CHECK(must(s.reader().get_link(s.org, link.id)).accesses == 2);
  CHECK(must(s.reader().get_link(s.org, link.id)).state(at(10)) == link_state::used_up);
}

TEST_CASE("an access that was not committed is not counted") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s, [](download_link& l) { l.max_access = 1; });
  must(s.writer().begin());
  REQUIRE(must(s.writer().use_link(use_of(link), at(1))).granted);
  s.writer().rollback();
  CHECK(use(s, use_of(link)).granted);
}

TEST_CASE("a part goes on with an access of the same client, for a while and twice the content at most") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s, [](download_link& l) { l.max_access = 1; });
  REQUIRE(use(s, use_of(link), at(10)).access == 1);
  const auto going_on = part_of(link, 60, at(5));
  CHECK(must(s.reader().may_continue(going_on)));
  CHECK(use(s, going_on, at(20)).access == 1);
  // 160 of the 200 bytes that two times the content are.
  CHECK_FALSE(use(s, part_of(link, 41, at(5)), at(21)).granted);
  CHECK(use(s, part_of(link, 40, at(5)), at(21)).granted);
  CHECK_FALSE(use(s, part_of(link, 1, at(5)), at(22)).granted);
  CHECK(must(s.reader().get_link(s.org, link.id)).accesses == 1);
  const auto log = log_of(s, link);
  REQUIRE(log.size() == 1);
  CHECK(log[0].requests == 3);
  CHECK(log[0].granted == 200);
  CHECK(log[0].at == at(10));
  CHECK(log[0].last_at == at(21));
}

TEST_CASE("a part does not go on with an access of another client, nor with one of long ago") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s, [](download_link& l) { l.max_access = 1; });
  REQUIRE(use(s, use_of(link), at(10)).granted);
  CHECK_FALSE(use(s, part_of(link, 10, at(5), "192.0.2.9"), at(20)).granted);
  CHECK_FALSE(use(s, part_of(link, 10, at(11)), at(20)).granted);
  auto other_agent = part_of(link, 10, at(5));
  other_agent.agent = "wget";
  CHECK_FALSE(use(s, other_agent, at(20)).granted);
  CHECK_FALSE(must(s.reader().may_continue(other_agent)));
}

TEST_CASE("a link gives nothing once it is revoked or expired, also to what was going on") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s), other = linked(s);
  REQUIRE(use(s, use_of(link)).granted);
  const auto who = key_id::make();
  const auto revoked = must(s.write([&](write_session& w) { return w.revoke_link(s.org, link.id, who, at(30)); }));
  CHECK(revoked.revoked_at == at(30));
  CHECK(revoked.revoked_by == who);
  CHECK(use(s, part_of(link, 1, at(0)), at(31)).outcome == access_outcome::revoked);
  const auto again = must(s.write([&](write_session& w) { return w.revoke_link(s.org, link.id, key_id::make(), at(40)); }));
  CHECK(again.revoked_at == at(30));
  CHECK(use(s, use_of(other), at(1'000'000)).outcome == access_outcome::expired);
}

TEST_CASE("wrong passwords lock a link for a while, then for good") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s, [](download_link& l) { l.password = link_password::shared; });
  const auto tried = [&](utc_time now) {
    return must(s.write([&](write_session& w) { return w.try_password(s.org, link.id, now); }));
  };
  auto now = at(0);
  for (std::uint32_t i = 0; i < password_tries; ++i) CHECK(tried(now));
  CHECK_FALSE(tried(now));
  CHECK(must(s.reader().get_link(s.org, link.id)).state(now) == link_state::locked);
  now += password_lock;
  CHECK(tried(now));
  must(s.write([&](write_session& w) { return w.forget_password_tries(s.org, link.id); }));
  CHECK(must(s.reader().get_link(s.org, link.id)).password_failures == 0);
}

TEST_CASE("a one-time password serves one access, a new one serves another") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s, [](download_link& l) {
    l.password = link_password::one_time;
    l.password_hash = "first";
  });
  CHECK(use(s, use_of(link)).granted);
  CHECK(must(s.reader().get_link(s.org, link.id)).password_used);
  CHECK_FALSE(use(s, use_of(link)).granted);
  CHECK(use(s, part_of(link, 10, at(5))).granted);
  const auto renewed = must(s.write([&](write_session& w) { return w.set_link_password(s.org, link.id, "second"); }));
  CHECK(renewed.password_hash == "second");
  CHECK_FALSE(renewed.password_used);
  CHECK(use(s, use_of(link)).granted);
}

TEST_CASE("refusals are logged up to a number, and counted beyond") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s);
  link_access line;
  line.at = line.last_at = at(3);
  line.address = "2001:db8::1";
  line.agent = "x";
  line.outcome = access_outcome::address_refused;
  must(s.write([&](write_session& w) -> result<void> {
    for (std::uint64_t i = 0; i < most_logged_refusals + 5; ++i)
      if (auto noted = w.note_access(s.org, link.id, line); !noted) return noted;
    return {};
  }));
  CHECK(must(s.reader().get_link(s.org, link.id)).refusals == most_logged_refusals + 5);
  // A service is logged all the same, with a number of its own.
  const auto access = use(s, use_of(link));
  CHECK(access.access == most_logged_refusals + 1);
  must(s.write([&](write_session& w) { return w.add_sent(s.org, link.id, access.access, 77); }));
  const auto newest = must(s.reader().list_accesses(s.org, link.id, {2, {}}));
  REQUIRE(newest.items.size() == 2);
  CHECK(newest.items[0].outcome == access_outcome::served);
  CHECK(newest.items[0].sent == 77);
  CHECK(newest.items[1].outcome == access_outcome::address_refused);
  CHECK(newest.items[1].address == "2001:db8::1");
  CHECK(must(s.reader().list_accesses(s.org, link.id, {2, newest.next_cursor})).items.size() == 2);
}

TEST_CASE("links go with their log when their time has come, unless a legal hold keeps them") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s), held = linked(s);
  REQUIRE(use(s, use_of(link)).granted);
  legal_hold hold;
  hold.id = hold_id::make();
  hold.organization = s.org;
  hold.scope = data_scope::delivery;
  hold.value = held.delivery.to_string();
  hold.reason = "a lawsuit";
  hold.placed_by = key_id::make();
  hold.placed_at = at(0);
  must(s.write([&](write_session& w) { return w.place_hold(hold); }));
  const auto sweep = [&](utc_time now) {
    while (must(s.write([&](write_session& w) { return w.sweep_links(now, 10); }))) {}
  };
  sweep(at(1'999'999));
  CHECK(must(s.reader().list_links(s.org, {}, {})).items.size() == 2);
  sweep(at(2'000'000));
  CHECK(code_of(s.reader().get_link(s.org, link.id)) == error_code::link_not_found);
  CHECK(must(s.reader().get_link(s.org, held.id)).purge_at > at(2'000'000));
  must(s.write([&](write_session& w) { return w.release_hold(s.org, hold.id); }));
  sweep(at(2'000'000 + 24LL * 3'600'000));
  CHECK(must(s.reader().list_links(s.org, {}, {})).items.empty());
}

TEST_CASE("retention leaves the content of a delivery alone while a link leads to it") {
  ON_EVERY_ENGINE(s);
  const auto sent = s.accept(request_options{{s.hook}});
  s.record(make_outcome(sent.tasks[0]));
  const auto link = make_link(s, sent.content->id);
  must(s.write([&](write_session& w) { return w.create_link(link); }));
  retention_range range;
  range.organization = s.org;
  range.finished_before = at(900'000);
  range.now = at(900'000);
  const auto apply = [&](retention_stage stage) {
    range.stage = stage;
    range.walk = retention_walk::kept;
    return must(s.write([&](write_session& w) {
             return w.apply_retention(range, {sent.content->id}, range.now, milliseconds{1'000});
           }))
        .removed;
  };
  CHECK(apply(retention_stage::payloads) == 0);
  CHECK(apply(retention_stage::deliveries) == 0);
  CHECK(apply(retention_stage::attempt_records) == 1);
  range.now = at(1'000'000);
  CHECK(apply(retention_stage::payloads) == 1);
  CHECK(apply(retention_stage::deliveries) == 1);
  CHECK(must(s.reader().list_links(s.org, {}, {})).items.empty());
}

TEST_CASE("an erasure takes the links to what it erases, and who fetched them") {
  ON_EVERY_ENGINE(s);
  const auto link = linked(s);
  REQUIRE(use(s, use_of(link)).granted);
  erasure order;
  order.id = erasure_id::make();
  order.organization = s.org;
  order.scope = data_scope::delivery;
  order.selector = link.delivery.to_string();
  order.reason = "asked for";
  order.requested_by = key_id::make();
  order.requested_at = at(100);
  must(s.write([&](write_session& w) { return w.create_erasure(order); }));
  const auto step = must(
      s.write([&](write_session& w) { return w.erase_deliveries(order.id, {link.delivery}, at(100), milliseconds{1'000}); }));
  CHECK(step.now.erased.at("download_links") == 1);
  CHECK(step.now.erased.at("download_accesses") == 1);
  CHECK_FALSE(must(s.reader().find_link(link.token_hash)));
}
