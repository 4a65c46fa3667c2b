// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/record.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "exchange_box.hpp"

using namespace waybill::transfer;
using namespace waybill::testing;
using nlohmann::json;

namespace {

outcome answer(std::string_view headers, std::string_view body) {
  outcome o;
  o.how = ending::answered;
  o.status = 200;
  o.headers = headers;
  o.body = body;
  return o;
}

}  // namespace

TEST_CASE("a request record shows what was sent and hides credentials") {
  auto options = options_for("https://example.com/hook");
  options.headers.add("X-Fixed", "fixed");
  options.headers.add("Authorization", "Bearer swordfish");
  auto e = make_exchange(std::move(options));
  e->headers.add("X-Delivery-Id", "dlv_1");
  e->headers.add("X-Mine", "hush", secrecy::secret);
  e->body.owned = "12345";
  const auto record = json::parse(request_record(*e, {}, ",\"further\":true"));
  CHECK(record["method"] == "POST");
  CHECK(record["url"] == "https://example.com/hook");
  CHECK(record["headers"]["X-Delivery-Id"] == "dlv_1");
  CHECK(record["headers"]["X-Fixed"] == "fixed");
  CHECK(record["headers"]["X-Mine"] == redacted);
  CHECK(record["headers"]["Authorization"] == redacted);
  CHECK(record["bodyBytes"] == 5);
  CHECK(record["further"] == true);
}

TEST_CASE("a response record shows the answer and hides cookies and known secrets") {
  redactor secrets;
  secrets.add("swordfish");
  secrets.add("x");  // too short to be looked for
  const auto record = json::parse(
      response_record(answer("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a=b\r\nX-Echo: a swordfish b\r\n\r\n",
                             "you sent swordfish, swordfish and token-1, x"),
                      secrets, "token-1"));
  CHECK(record["status"] == 200);
  CHECK(record["headers"]["Content-Type"] == "text/plain");
  CHECK(record["headers"]["Set-Cookie"] == redacted);
  CHECK(record["headers"]["X-Echo"] == "a [redacted] b");
  CHECK(record["body"] == "you sent [redacted], [redacted] and [redacted], x");
  CHECK_FALSE(record.contains("bodyTruncated"));
}

TEST_CASE("an answer that is not text is recorded as base64") {
  const auto record = json::parse(response_record(answer("", "\xff\xfe\x01"), {}));
  CHECK(record["bodyBase64"] == "//4B");
  CHECK_FALSE(record.contains("body"));
}

TEST_CASE("a record never exceeds its limit and stays JSON") {
  const std::string noise(65'536, '\x01');  // each byte takes six
  for (const auto& body : {noise, std::string(65'536, 'x'), std::string(65'536, '\xff')}) {
    const auto text = response_record(answer("HTTP/1.1 200 OK\r\nX-Long: " + std::string(16'000, 'h') + "\r\n\r\n", body), {});
    CHECK(text.size() <= max_record_bytes);
    CHECK(json::parse(text)["bodyTruncated"] == true);
  }
}

TEST_CASE("an answer cut within a character is still text") {
  auto cut = answer("", "caf\xc3");
  cut.body_truncated = true;
  CHECK(json::parse(response_record(cut, {})).contains("body"));
}

TEST_CASE("no answer, no record") { CHECK(response_record(outcome{}, {}).empty()); }

TEST_CASE("a header of an answer is found whatever its case") {
  const auto o = answer("HTTP/1.1 200 OK\r\nRetry-After:  7 \r\nretry-after: 8\r\nX: \r\n\r\n", "");
  CHECK(o.header("RETRY-AFTER") == "7");
  CHECK(o.header("x").empty());
  CHECK(o.header("missing").empty());
  CHECK(o.header("HTTP/1.1 200 OK").empty());
}
