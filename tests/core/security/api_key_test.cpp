// SPDX-License-Identifier: Apache-2.0
#include "core/security/api_key.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("a made key is proved by its own hash and no other", "[api_key]") {
  const auto id = key_id::make();
  const auto made = make_key_text(id);
  CHECK(made.text.size() == 74);
  CHECK(made.text.substr(0, 31) == "wbk_" + id.to_string().substr(4) + "_");
  const auto presented = parse_key_text(made.text);
  REQUIRE(presented);
  CHECK(presented->id == id);
  CHECK(matches(*presented, made.secret_hash));
  CHECK_FALSE(matches(*presented, make_key_text(id).secret_hash));
  CHECK_FALSE(matches(*presented, sha256_digest{}));
}

TEST_CASE("no two keys have the same secret", "[api_key]") {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) CHECK(seen.insert(parse_key_text(make_key_text(key_id{}).text)->secret).second);
}

TEST_CASE("the id is read in either case, the secret exactly", "[api_key]") {
  const auto made = make_key_text(key_id::make());
  auto lower = made.text;
  for (std::size_t i = 4; i < 30; ++i)
    if (lower[i] >= 'A' && lower[i] <= 'Z') lower[i] = static_cast<char>(lower[i] + 32);
  REQUIRE(parse_key_text(lower));
  CHECK(matches(*parse_key_text(lower), made.secret_hash));
  auto other = made.text;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  REQUIRE(parse_key_text(other));
  CHECK_FALSE(matches(*parse_key_text(other), made.secret_hash));
}

TEST_CASE("a text of another form is no key", "[api_key]") {
  const auto good = make_key_text(key_id::make()).text;
  for (const auto& text : {std::string{}, std::string{"wbk_"}, good.substr(1), good + "A", good.substr(0, 73), "Bearer " + good,
                           "wbx_" + good.substr(4)})
    CHECK_FALSE(parse_key_text(text));
  for (const std::size_t at : {0, 3, 4, 30, 31, 73}) {
    auto text = good;
    text[at] = '!';
    CHECK_FALSE(parse_key_text(text));
  }
}
