// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

TEST_CASE("a key is read back whole") {
  ON_EVERY_ENGINE(s);
  api_key k;
  k.id = key_id::make();
  k.organization = s.org;
  k.name = "producer";
  k.roles.add(role::producer).add(role::viewer);
  k.secret_hash.fill(0x5a);
  k.only_destinations = {s.hook, destination_id::make()};
  k.allowed_ip_ranges = {"10.0.0.0/8", "2001:db8::/32"};
  k.allowed_hours = std::make_pair(std::uint16_t{1'320}, std::uint16_t{360});
  k.expires_at = at(900);
  k.created_at = at(3);
  must(s.write([&](write_session& w) { return w.create_key(k); }));
  for (const auto& read : {must(s.reader().all_keys()).at(0), must(s.reader().list_keys(s.org, {})).items.at(0)}) {
    CHECK(read.id == k.id);
    CHECK(read.organization == s.org);
    CHECK(read.name == k.name);
    CHECK(read.roles.bits() == k.roles.bits());
    CHECK(read.secret_hash == k.secret_hash);
    CHECK(read.only_destinations == k.only_destinations);
    CHECK(read.allowed_ip_ranges == k.allowed_ip_ranges);
    CHECK(read.allowed_hours == k.allowed_hours);
    CHECK(read.expires_at == k.expires_at);
    CHECK_FALSE(read.last_used_at);
    CHECK_FALSE(read.revoked_at);
    CHECK(read.created_at == k.created_at);
  }
}

TEST_CASE("a key is revoked once and remembers when it was last used") {
  ON_EVERY_ENGINE(s);
  api_key k;
  k.id = key_id::make();
  k.organization = s.org;
  must(s.write([&](write_session& w) { return w.create_key(k); }));
  must(s.write([&](write_session& w) { return w.touch_keys({{k.id, at(20)}, {key_id::make(), at(9)}, {k.id, at(10)}}); }));
  CHECK(must(s.reader().all_keys())[0].last_used_at == at(20));
  must(s.write([&](write_session& w) { return w.revoke_key(s.org, k.id, at(30)); }));
  must(s.write([&](write_session& w) { return w.revoke_key(s.org, k.id, at(40)); }));
  CHECK(must(s.reader().all_keys())[0].revoked_at == at(30));
  CHECK(code_of(s.write([&](write_session& w) { return w.revoke_key(s.org, key_id::make(), at(1)); })) ==
        error_code::key_not_found);
  k.id = key_id::make();
  k.organization = organization_id::make();
  CHECK(code_of(s.write([&](write_session& w) { return w.create_key(k); })) == error_code::organization_not_found);
}
