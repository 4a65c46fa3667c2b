// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/verdict.hpp"

#include <catch2/catch.hpp>

using namespace waybill::webhook;
using waybill::sdk::action;
using waybill::sdk::category;
using waybill::transfer::ending;
using waybill::transfer::outcome;

namespace {

constexpr std::int64_t now_ms = 784'111'770'000;

outcome answer(std::int32_t status, std::string_view headers = {}) {
  outcome o;
  o.how = ending::answered;
  o.status = status;
  o.headers = headers;
  return o;
}

outcome ended(ending how) {
  outcome o;
  o.how = how;
  o.detail = "why";
  return o;
}

}  // namespace

TEST_CASE("every 2xx delivers") {
  for (const auto status : {200, 201, 202, 204, 299}) {
    const auto r = judge_delivery(answer(status), {}, now_ms);
    CHECK(r.what == action::delivered);
    CHECK(r.why == category::none);
    CHECK(r.code == status);
  }
}

TEST_CASE("410 rejects and disables the destination") {
  const auto r = judge_delivery(answer(410), {}, now_ms);
  CHECK(r.what == action::reject);
  CHECK(r.disable_destination);
}

TEST_CASE("429 throttles, 503 retries, each with what Retry-After says") {
  const auto throttled = judge_delivery(answer(429, "HTTP/1.1 429 x\r\nRetry-After: 7\r\n"), {}, now_ms);
  CHECK(throttled.what == action::throttled);
  CHECK(throttled.why == category::rate_limit);
  CHECK(throttled.retry_after_ms == 7'000);
  const auto busy = judge_delivery(answer(503, "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), {}, now_ms);
  CHECK(busy.what == action::retry);
  CHECK(busy.why == category::remote);
  CHECK(busy.retry_after_ms == 7'000);
  CHECK(judge_delivery(answer(429), {}, now_ms).retry_after_ms == 0);
}

TEST_CASE("the rest of the answers retries, with the category that fits") {
  for (const auto& [status, why] : std::vector<std::pair<int, category>>{{302, category::remote},
                                                                         {307, category::remote},
                                                                         {400, category::remote},
                                                                         {401, category::authentication},
                                                                         {403, category::authentication},
                                                                         {404, category::remote},
                                                                         {407, category::authentication},
                                                                         {408, category::timeout},
                                                                         {413, category::remote},
                                                                         {422, category::remote},
                                                                         {500, category::remote},
                                                                         {504, category::timeout}}) {
    const auto r = judge_delivery(answer(status), {}, now_ms);
    INFO(status);
    CHECK(r.what == action::retry);
    CHECK(r.why == why);
    CHECK(r.code == status);
    CHECK_FALSE(r.detail.empty());
    CHECK_FALSE(r.message.empty());
  }
}

TEST_CASE("nonRetryableStatus makes an answer final") {
  config settings;
  settings.non_retryable_status = {302, 401, 413, 429, 500};
  const auto rejects = [&](int status, category why) {
    const auto r = judge_delivery(answer(status), settings, now_ms);
    return r.what == action::reject && r.why == why;
  };
  CHECK(rejects(302, category::remote));
  CHECK(rejects(401, category::authentication));
  CHECK(rejects(413, category::validation));
  CHECK(rejects(429, category::rate_limit));
  CHECK(rejects(500, category::remote));
  CHECK(judge_delivery(answer(404), settings, now_ms).what == action::retry);
}

TEST_CASE("what ended without an answer retries, with the category that fits") {
  for (const auto& [how, why] : std::vector<std::pair<ending, category>>{{ending::guard_refused, category::network},
                                                                         {ending::unresolved, category::network},
                                                                         {ending::unreachable, category::network},
                                                                         {ending::tls_failed, category::network},
                                                                         {ending::broken, category::network},
                                                                         {ending::timed_out, category::timeout},
                                                                         {ending::body_failed, category::system},
                                                                         {ending::not_possible, category::system}}) {
    const auto r = judge_delivery(ended(how), {}, now_ms);
    CHECK(r.what == action::retry);
    CHECK(r.why == why);
    CHECK(r.detail == "why");
    CHECK_FALSE(r.message.empty());
  }
  CHECK(judge_delivery(ended(ending::canceled), {}, now_ms).what == action::canceled);
}

TEST_CASE("a connection test passes on any status but those about credentials") {
  for (const auto status : {200, 204, 301, 400, 404, 405, 410, 429, 500, 503})
    CHECK(judge_test(answer(status)).what == action::delivered);
  for (const auto status : {401, 403, 407}) {
    CHECK(judge_test(answer(status)).what == action::retry);
    CHECK(judge_test(answer(status)).why == category::authentication);
  }
  CHECK(judge_test(ended(ending::unreachable)).why == category::network);
}

TEST_CASE("a reference is printable and short") {
  CHECK(clean_reference("req-42") == "req-42");
  CHECK(clean_reference("a\xff\x01z") == "a??z");
  CHECK(clean_reference(std::string(1'000, 'r')).size() == 256);
}
