// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/oauth2.hpp"

#include <catch2/catch.hpp>

using namespace waybill::webhook;

TEST_CASE("a token and its life are read from the answer") {
  const auto token = parse_token(R"({"access_token":"abc","token_type":"Bearer","expires_in":3600})", 1'000'000);
  REQUIRE(token);
  CHECK(token->text == "abc");
  CHECK(token->expires_at_ms == 1'000'000 + 3'600'000);
  CHECK(token->renew_at_ms == token->expires_at_ms - 60'000);
}

TEST_CASE("a short life is renewed a tenth before its end, none given is five minutes") {
  CHECK(parse_token(R"({"access_token":"abc","expires_in":"100"})", 0)->renew_at_ms == 90'000);
  CHECK(parse_token(R"({"access_token":"abc"})", 0)->expires_at_ms == 300'000);
  CHECK(parse_token(R"({"access_token":"abc","expires_in":-5})", 0)->expires_at_ms == 0);
  CHECK(parse_token(R"({"access_token":"abc","expires_in":1e300})", 0)->expires_at_ms == 365LL * 86'400'000);
  CHECK(parse_token(R"({"access_token":"abc","expires_in":"soon"})", 0)->expires_at_ms == 300'000);
}

TEST_CASE("an answer without a usable token is none") {
  for (const auto* answer : {"", "[]", "no json", "{}", R"({"access_token":7})", R"({"access_token":""})",
                             R"({"access_token":"a\r\nb"})", R"({"access_token":"abc","token_type":"mac"})"})
    CHECK_FALSE(parse_token(answer, 0));
}
