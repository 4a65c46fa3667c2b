// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

once_claim claim_of(std::uint8_t fingerprint, const std::string& key = "k", const std::string& route = "POST /v1/keys") {
  once_claim claim{route, key, {}};
  claim.fingerprint.fill(fingerprint);
  return claim;
}

result<void> keep(store_fixture& s, const once_claim& claim, const std::string& answer, utc_time now = at(0),
                  utc_time expires = at(1'000)) {
  return s.write([&](write_session& w) { return w.keep_answer(s.org, claim, answer, expires, now); });
}

std::uint64_t sweep(store_fixture& s, utc_time now, std::uint32_t limit) {
  return must(s.write([&](write_session& w) { return w.sweep_idempotency(now, limit); }));
}

}  // namespace

TEST_CASE("an answer is found again by the same request, until its window ends") {
  ON_EVERY_ENGINE(s);
  CHECK_FALSE(must(s.reader().find_answer(s.org, claim_of(1), at(0))));
  must(keep(s, claim_of(1), "sealed:v1:abc"));
  s.reopen();
  CHECK(must(s.reader().find_answer(s.org, claim_of(1), at(999))) == "sealed:v1:abc");
  CHECK(must(s.writer().find_answer(s.org, claim_of(1), at(999))) == "sealed:v1:abc");
  CHECK_FALSE(must(s.reader().find_answer(s.org, claim_of(1), at(1'000))));
}

TEST_CASE("an idempotency key belongs to one request of one route and one organization") {
  ON_EVERY_ENGINE(s);
  must(keep(s, claim_of(1), "a"));
  CHECK(code_of(s.reader().find_answer(s.org, claim_of(2), at(1))) == error_code::idempotency_key_reused);
  CHECK_FALSE(must(s.reader().find_answer(s.org, claim_of(2, "other"), at(1))));
  CHECK_FALSE(must(s.reader().find_answer(s.org, claim_of(2, "k", "POST /v1/organizations"), at(1))));
  CHECK_FALSE(must(s.reader().find_answer(s.add_organization("other"), claim_of(1), at(1))));
  CHECK_FALSE(must(s.reader().find_answer(s.org, claim_of(2), at(1'000))));
}

TEST_CASE("a key is taken by one answer only, and by another once its window is over") {
  ON_EVERY_ENGINE(s);
  must(keep(s, claim_of(1), "first"));
  CHECK(code_of(keep(s, claim_of(1), "second", at(999))) == error_code::idempotency_in_progress);
  CHECK(must(s.reader().find_answer(s.org, claim_of(1), at(1))) == "first");
  must(keep(s, claim_of(2), "second", at(1'000), at(2'000)));
  CHECK(must(s.reader().find_answer(s.org, claim_of(2), at(1'500))) == "second");
}

TEST_CASE("an effect whose answer finds its key taken is undone") {
  ON_EVERY_ENGINE(s);
  must(keep(s, claim_of(1), "first"));
  const auto o = make_organization("late");
  CHECK_FALSE(s.write([&](write_session& w) -> result<void> {
    if (auto made = w.create_organization(o); !made) return made;
    return w.keep_answer(s.org, claim_of(1), "second", at(1'000), at(1));
  }));
  CHECK(code_of(s.reader().get_organization(o.id)) == error_code::organization_not_found);
}

TEST_CASE("answers past their window are swept in small portions, beside the keys of deliveries") {
  ON_EVERY_ENGINE(s);
  for (int i = 0; i < 7; ++i) must(keep(s, claim_of(1, "k" + std::to_string(i)), "a"));
  must(keep(s, claim_of(1, "live"), "a", at(0), at(5'000)));
  for (int i = 0; i < 2; ++i) {
    auto request = make_request(s.org, {{s.hook}});
    request.idempotency = idempotency_claim{"POST /v1/deliveries", "d" + std::to_string(i), {}, at(1'000)};
    s.accept({request});
  }
  CHECK(sweep(s, at(999), 5) == 0);
  CHECK(sweep(s, at(1'000), 5) == 5);
  CHECK(sweep(s, at(1'000), 5) == 4);
  CHECK(sweep(s, at(1'000), 5) == 0);
  CHECK(must(s.reader().find_answer(s.org, claim_of(1, "live"), at(1'000))));
}
