// SPDX-License-Identifier: Apache-2.0
// Batches through the built plugin: to a node program that takes them, and to the reference library of Standard Webhooks.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "../nginx_server.hpp"
#include "destination.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

constexpr const char* secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

json signing() { return json::array({{{"id", "1"}, {"algorithm", "hmac-sha256"}, {"secret", secret}}}); }

std::vector<fake_delivery> deliveries(std::size_t count) {
  std::vector<fake_delivery> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    out[i].delivery_id = "dlv_" + std::to_string(i);
    out[i].idempotency_key = "idem-" + std::to_string(i);
    out[i].content = json{{"number", i}}.dump();
  }
  return out;
}

/// What the node program was sent as batches, since it was last asked.
json taken_by(const node_program& receiver) {
  destination ask{{{"url", receiver.url("/batches")}}};
  return json::parse(json::parse(ask.deliver().response)["body"].get<std::string>());
}

}  // namespace

TEST_CASE("a batch arrives as one array, in order, each element with what its own request would say in headers") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(3);
  what[1].attempt = 2;
  what[1].traceparent.clear();
  destination d{{{"url", receiver.url("/batch/10")}, {"headers", {{"X-Environment", "production"}}}}};
  for (const auto& seen : d.deliver_batch(what)) {
    CHECK(seen.action == WB_ACTION_DELIVERED);
    CHECK(seen.code == 200);
  }
  const auto taken = taken_by(receiver);
  REQUIRE(taken.size() == 1);
  const auto& body = taken[0]["body"];
  REQUIRE(body.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(body[i]["id"] == "dlv_" + std::to_string(i));
    CHECK(body[i]["idempotencyKey"] == "idem-" + std::to_string(i));
    CHECK(body[i]["data"]["number"] == i);
    CHECK(body[i]["type"] == "report");
    CHECK(body[i]["metadata"]["department"] == "audit");
  }
  CHECK(body[1]["attempt"] == 2);
  CHECK_FALSE(body[1].contains("traceparent"));
  CHECK(body[0]["traceparent"] == what[0].traceparent);
  const auto& headers = taken[0]["headers"];
  const auto id = headers["x-batch-id"].get<std::string>();
  CHECK(id.rfind("bat_", 0) == 0);
  CHECK(headers["webhook-id"] == id);
  CHECK(headers["idempotency-key"] == id);
  CHECK(headers["x-batch-size"] == "3");
  CHECK(headers["x-environment"] == "production");
  CHECK_FALSE(headers.contains("x-delivery-id"));
}

TEST_CASE("the same deliveries have the same batch id at every attempt, others another") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  destination d{{{"url", receiver.url("/batch/10")}}};
  auto what = deliveries(2);
  auto other = deliveries(3);
  d.deliver_batch(what);
  for (auto& one : what) ++one.attempt;
  d.deliver_batch(what);
  d.deliver_batch(other);
  const auto taken = taken_by(receiver);
  REQUIRE(taken.size() == 3);
  CHECK(taken[0]["headers"]["x-batch-id"] == taken[1]["headers"]["x-batch-id"]);
  CHECK(taken[0]["headers"]["x-batch-id"] != taken[2]["headers"]["x-batch-id"]);
}

TEST_CASE("what is sent and answered is recorded for each delivery of a batch, and stays small") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(2);
  what[1].content = R"({"status":503})";
  destination d{{{"url", receiver.url("/batch/10")}}};
  const auto seen = d.deliver_batch(what);
  const auto request = json::parse(seen[1].request);
  CHECK(request["batch"]["size"] == 2);
  CHECK(request["batch"]["index"] == 1);
  CHECK(request["content"]["bytes"] == 14);
  CHECK(seen[1].bytes_sent == 14);
  CHECK(json::parse(json::parse(seen[1].response)["body"].get<std::string>()) == json{{"id", "dlv_1"}, {"status", 503}});
  destination echo{{{"url", nginx_server::instance().http("/echo")}}};
  auto large = deliveries(50);
  for (const auto& one : echo.deliver_batch(large)) CHECK(one.response.size() < 4'096);
}

TEST_CASE("an answer that lists outcomes gives each delivery its own") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(6);
  what[1].content = R"({"status":201})";
  what[2].content = R"({"status":422})";
  what[3].content = R"({"status":429,"wait":7000})";
  what[4].content = R"({"status":410})";
  what[5].content = R"({"status":500})";
  destination d{{{"url", receiver.url("/batch/10")}}};
  const auto seen = d.deliver_batch(what);
  CHECK(seen[0].action == WB_ACTION_DELIVERED);  // not listed: the answer's own status holds
  CHECK(seen[1].action == WB_ACTION_DELIVERED);
  CHECK(seen[1].code == 201);
  CHECK(seen[2].action != WB_ACTION_DELIVERED);
  CHECK(seen[2].code == 422);
  CHECK(seen[3].action == WB_ACTION_THROTTLED);
  CHECK(seen[3].retry_after_ms == 7'000);
  CHECK(seen[4].action == WB_ACTION_REJECT);
  CHECK_FALSE(seen[4].disable_destination);  // one element says nothing of the destination
  CHECK(seen[5].action == WB_ACTION_RETRY);
  CHECK(seen[5].category == WB_CATEGORY_REMOTE);
  CHECK(seen[5].detail.find("this element of a batch") != std::string::npos);
}

TEST_CASE("a batch that a receiver finds too large is sent in halves, in order, and nothing is rejected for it") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(10);
  destination d{{{"url", receiver.url("/batch/3")}, {"signingSecrets", signing()}, {"nonRetryableStatus", {413}}}};
  for (const auto& seen : d.deliver_batch(what)) CHECK(seen.action == WB_ACTION_DELIVERED);
  std::vector<std::size_t> numbers;
  std::vector<std::size_t> sizes;
  for (const auto& batch : taken_by(receiver)) {
    if (batch["status"] == 413) continue;
    sizes.push_back(batch["body"].size());
    for (const auto& element : batch["body"]) numbers.push_back(element["data"]["number"]);
  }
  CHECK(sizes == std::vector<std::size_t>{2, 3, 2, 3});
  CHECK(numbers == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK_FALSE(d.context.logs.empty());
}

TEST_CASE("a single delivery that is too large is judged as any other") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(2);
  destination d{{{"url", receiver.url("/batch/0")}, {"nonRetryableStatus", {413}}}};
  for (const auto& seen : d.deliver_batch(what)) {
    CHECK(seen.action == WB_ACTION_REJECT);
    CHECK(seen.code == 413);
  }
}

TEST_CASE("the reference library verifies a batch, plain, compressed and streamed") {
  const node_program receiver{{WAYBILL_REFERENCE_RECEIVER, "0"}, {std::string{"WEBHOOK_SECRET="} + secret}};
  for (const bool streamed : {false, true}) {
    auto what = deliveries(3);
    what[1].content_type = "application/pdf";
    what[1].content = std::string(300'000, '\x7f');
    what[1].streamed = streamed;
    destination d{{{"url", receiver.url("/")}, {"signingSecrets", signing()}}};
    for (const auto& seen : d.deliver_batch(what)) {
      INFO(seen.response << seen.detail);
      CHECK(seen.code == 204);
    }
  }
}

TEST_CASE("content that is not JSON rides as base64 with a marker") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(2);
  what[0].content_type = "application/pdf";
  what[0].filename = "a.pdf";
  what[0].content = std::string("\x00\xff", 2);
  destination d{{{"url", receiver.url("/batch/10")}, {"compression", "none"}}};
  d.deliver_batch(what);
  const auto element = taken_by(receiver)[0]["body"][0];
  CHECK(element["data"] == "AP8=");
  CHECK(element["dataEncoding"] == "base64");
  CHECK(element["contentType"] == "application/pdf");
  CHECK(element["filename"] == "a.pdf");
}

TEST_CASE("content that streams rides alone, in an array of one") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(4);
  what[1].streamed = true;
  destination d{{{"url", receiver.url("/batch/10")}}};
  for (const auto& seen : d.deliver_batch(what)) CHECK(seen.action == WB_ACTION_DELIVERED);
  std::vector<std::size_t> sizes;
  for (const auto& batch : taken_by(receiver)) sizes.push_back(batch["body"].size());
  std::sort(sizes.begin(), sizes.end());
  CHECK(sizes == std::vector<std::size_t>{1, 1, 2});
}

TEST_CASE("raw bodies cannot be joined: each delivery is a request of its own") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  auto what = deliveries(3);
  destination d{{{"url", receiver.url("/what")}, {"bodyFormat", "raw"}}};
  std::size_t i = 0;
  for (const auto& seen : d.deliver_batch(what)) {
    const auto arrived = json::parse(json::parse(seen.response)["body"].get<std::string>());
    CHECK(arrived["headers"]["idempotency-key"] == "idem-" + std::to_string(i));
    CHECK(arrived["body"] == what[i].content);
    ++i;
  }
}

TEST_CASE("a batch without an answer fails as a whole, every delivery with the same words") {
  auto what = deliveries(3);
  destination d{{{"url", "http://127.0.0.1:9/"}}};
  for (const auto& seen : d.deliver_batch(what)) {
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_NETWORK);
    CHECK_FALSE(seen.detail.empty());
  }
}

TEST_CASE("a batch is aborted when all of it is canceled, and not before") {
  auto what = deliveries(2);
  for (auto& one : what) one.timeout_ms = 60'000;
  destination d{{{"url", nginx_server::instance().http("/slow")}, {"timeoutMs", 60'000}}};
  std::vector<const wb_delivery*> views;
  std::vector<wb_token> tokens;
  for (auto& one : what) {
    views.push_back(one.fill());
    tokens.push_back(fake_host::instance().new_token());
  }
  REQUIRE(webhook()->deliver_batch(d.handler(), views.data(), tokens.data(), 2) == WB_OK);
  webhook()->cancel(d.handler(), tokens[0]);
  webhook()->cancel(d.handler(), tokens[0]);  // again: still only one of two
  CHECK(fake_host::instance().completions(tokens[1]) == 0);
  webhook()->cancel(d.handler(), tokens[1]);
  for (const auto token : tokens) {
    const auto seen = fake_host::instance().wait(token);
    REQUIRE(seen.has_value());
    CHECK(seen->action == WB_ACTION_CANCELED);
  }
}

TEST_CASE("with OAuth 2.0 a batch fetches its token and renews it once after a 401") {
  const node_program receiver{{WAYBILL_RECEIVER}};
  const json auth = {
      {"type", "oauth2"}, {"tokenUrl", receiver.url("/token")}, {"clientId", "id 1"}, {"clientSecret", "s/ecret"}};
  destination d{{{"url", receiver.url("/guarded")}, {"auth", auth}}};
  auto what = deliveries(2);
  for (const auto& seen : d.deliver_batch(what)) CHECK(seen.code == 204);
  destination forget{{{"url", receiver.url("/forget")}}};
  CHECK(forget.deliver().code == 204);
  for (const auto& seen : d.deliver_batch(what)) CHECK(seen.code == 204);
}
