// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/oauth2.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace waybill::transfer;

extern "C" int waybill_fuzz_oauth2_answer(const std::uint8_t* data, std::size_t size);

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

TEST_CASE("a new refresh token comes with the access token") {
  CHECK(parse_token(R"({"access_token":"abc","refresh_token":"next"})", 0)->refresh_token == "next");
  CHECK(parse_token(R"({"access_token":"abc","refresh_token":7})", 0)->refresh_token.empty());
}

TEST_CASE("why there is no token is told by its category and its error code, and by nothing else of the answer") {
  const auto of = [](ending how, std::int32_t status, std::string_view body) {
    outcome what;
    what.how = how;
    what.status = status;
    what.body = body;
    return why_no_token(what);
  };
  using waybill::sdk::category;
  CHECK(of(ending::timed_out, 0, "").why == category::timeout);
  CHECK(of(ending::unreachable, 0, "").why == category::network);
  CHECK(of(ending::answered, 429, "").why == category::rate_limit);
  CHECK(of(ending::answered, 503, "").why == category::remote);
  CHECK(of(ending::answered, 200, "{}").why == category::authentication);
  const auto refused = of(ending::answered, 400, R"({"error":"invalid_grant","error_description":"s3cret"})");
  CHECK(refused.why == category::authentication);
  CHECK(refused.error == "invalid_grant");
  CHECK(refused.detail == "no OAuth 2.0 token: the token URL answered 400, invalid_grant");
  CHECK(of(ending::answered, 400, R"({"error":"S3cret shouted"})").error.empty());
}

TEST_CASE("the corpus of token answers holds") {
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/oauth2_answer"}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    INFO(file.path());
    CHECK(waybill_fuzz_oauth2_answer(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0);
  }
}
