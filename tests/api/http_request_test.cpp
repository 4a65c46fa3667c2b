// SPDX-License-Identifier: Apache-2.0
#include "api/http_request.hpp"

#include <catch2/catch.hpp>

#include "api/conditional.hpp"
#include "api/http_response.hpp"
#include "api/list_query.hpp"
#include "api/trace_context.hpp"

using namespace waybill;
using namespace waybill::api;

TEST_CASE("percent escapes are undone, and broken ones refused") {
  CHECK(percent_decode("a%20b%C3%BC", plus_sign::literal) == "a b\xC3\xBC");
  CHECK(percent_decode("a+b", plus_sign::literal) == "a+b");
  CHECK(percent_decode("a+b", plus_sign::space) == "a b");
  for (const auto* text : {"%", "%2", "%zz", "a%2", "%C3", "%ff"}) CHECK_FALSE(percent_decode(text, plus_sign::space));
}

TEST_CASE("a query gives each parameter once") {
  auto query = query_parameters::parse("a=1&b=x%20y&&c&d=");
  REQUIRE(query);
  CHECK(query->take("a") == "1");
  CHECK(query->take("a") == std::nullopt);
  CHECK(query->take("b") == "x y");
  CHECK(query->take("c") == "");
  CHECK(query->take("d") == "");
  CHECK(query->finish());
}

TEST_CASE("a parameter that is unknown or comes twice is a fault") {
  auto query = query_parameters::parse("limit=1&limit=2&what=1");
  REQUIRE(query);
  static_cast<void>(query->take("limit"));
  const auto finished = query->finish();
  REQUIRE_FALSE(finished);
  REQUIRE(finished.error().fields.size() == 2);
  CHECK(finished.error().fields[0].pointer == "limit");
  CHECK(finished.error().fields[1].pointer == "what");
  CHECK_FALSE(query_parameters::parse("a=%zz"));
}

TEST_CASE("a page's limit is 50 unless said, and never beyond 500") {
  auto plain = query_parameters::parse("");
  CHECK(take_page(*plain).limit == 50);
  auto said = query_parameters::parse("limit=500&cursor=abc");
  const auto page = take_page(*said);
  CHECK(page.limit == 500);
  CHECK(page.cursor == "abc");
  CHECK(said->finish());
  for (const auto* text :
       {"limit=0", "limit=501", "limit=-1", "limit=x", "limit=1.5", "limit=", "limit=99999999999", "cursor="}) {
    auto wrong = query_parameters::parse(text);
    static_cast<void>(take_page(*wrong));
    CHECK_FALSE(wrong->finish());
  }
}

TEST_CASE("an If-Match is read as RFC 9110 says") {
  CHECK(if_match::parse("")->any);
  CHECK(if_match::parse("*")->any);
  CHECK(if_match::parse("\"7\"")->versions == std::vector<std::uint64_t>{7});
  CHECK(if_match::parse("\"1\", \"2\" ,\"x\",W/\"3\"")->versions == std::vector<std::uint64_t>{1, 2});
  CHECK_FALSE(if_match::parse("W/\"3\"")->any);
  CHECK(if_match::parse("W/\"3\"")->versions.empty());
  for (const auto* text : {"7", "\"7", "\"1\" \"2\"", "x", "*, \"1\""}) CHECK_FALSE(if_match::parse(text));
  CHECK(none_match_names("W/\"3\", \"4\"", 3));
  CHECK(none_match_names("*", 3));
  CHECK_FALSE(none_match_names("\"4\"", 3));
  CHECK_FALSE(none_match_names("", 3));
}

TEST_CASE("a traceparent is one, or is not passed on") {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  CHECK(is_traceparent(good));
  CHECK(is_traceparent("cc" + good.substr(2) + "-more"));
  for (const std::string& bad :
       {std::string{}, good.substr(1), good + "-more", "ff" + good.substr(2), "00-" + std::string(32, '0') + good.substr(35),
        good.substr(0, 36) + std::string(16, '0') + "-01",
        std::string{"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"}})
    CHECK_FALSE(is_traceparent(bad));
}

TEST_CASE("a request id is the client's where it is harmless") {
  CHECK(request_id_from("req-1.a_B:/+=@") == "req-1.a_B:/+=@");
  for (const std::string& bad :
       {std::string{}, std::string{"a b"}, std::string{"a\"b"}, std::string(129, 'a'), std::string{"ü"}})
    CHECK(request_id_from(bad).substr(0, 4) == "req_");
  CHECK(request_id_from("") != request_id_from(""));
}

TEST_CASE("a header's value can not begin another header") {
  http_response response;
  response.add_header("Location", "x\r\nSet-Cookie: a=b");
  CHECK(response.headers == "Location: xSet-Cookie: a=b\r\n");
}
