// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "core/security/digest.hpp"
#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

const std::string one = R"({"payload":{"type":"data","data":{"n":12345678901234567890123,"m":0.1000}}})";
const std::string delivery = "/v1/deliveries/dlv_01K0000000E008000000000003";

}  // namespace

TEST_CASE("a delivery is accepted with a receipt and a location") {
  running_server node;
  auto client = node.client();
  const auto answer = client.post("/v1/deliveries", one);
  REQUIRE(answer.status == 202);
  const auto receipt = answer.json();
  CHECK(receipt["deliveryId"] == "dlv_01K0000000E008000000000003");
  CHECK(receipt["status"] == "queued");
  CHECK(receipt["destinations"][0]["status"] == "pending");
  CHECK(receipt["queuedAt"] == "2026-01-01T00:00:00.123Z");
  CHECK(receipt["links"]["self"] == "http://" + node.server->address() + delivery);
  CHECK(answer.header("location") == "http://" + node.server->address() + delivery);
  CHECK(answer.headers.count("idempotency-replayed") == 0);
  CHECK(node.service.look([](const auto& s) { return s.request.content; }) == R"({"n":12345678901234567890123,"m":0.1000})");
}

TEST_CASE("links are built from the public URL") {
  api::http_options options;
  options.public_url = "https://waybill.example.org/base/";
  running_server node{options};
  CHECK(node.client().post("/v1/deliveries", one).json()["links"]["self"] == "https://waybill.example.org/base" + delivery);
}

TEST_CASE("a public URL that could not stand in JSON and headers stops the start") {
  api::http_options options;
  for (const auto* url : {"ftp://x", "https://a\"b", "https://a\nb", "https://ü"}) {
    options.public_url = url;
    CHECK(running_server{options}.server == nullptr);
  }
}

TEST_CASE("an idempotency key comes by header or by option, and never twofold") {
  running_server node;
  auto client = node.client();
  const std::string with_option = R"({"payload":{"type":"data","data":1},"options":{"idempotencyKey":"k1"}})";
  const auto seen = [&node] { return node.service.look([](const auto& s) { return s.request.idempotency_key; }); };
  const auto hash = [&node] { return node.service.look([](const auto& s) { return s.request.body_hash; }); };

  CHECK(client.post("/v1/deliveries", one).status == 202);
  CHECK(seen().empty());
  CHECK(hash() == core::sha256_digest{});
  CHECK(client.post("/v1/deliveries", one, {{"Idempotency-Key", "k0"}}).status == 202);
  CHECK(seen() == "k0");
  CHECK(hash() == core::sha256(one));
  CHECK(client.post("/v1/deliveries", with_option).status == 202);
  CHECK(seen() == "k1");
  CHECK(client.post("/v1/deliveries", with_option, {{"Idempotency-Key", "k1"}}).status == 202);

  const auto differing = client.post("/v1/deliveries", with_option, {{"Idempotency-Key", "k2"}});
  CHECK(differing.status == 400);
  CHECK(differing.pointers() == std::vector<std::string>{"/options/idempotencyKey"});
  for (const std::string& bad : {std::string{}, std::string(256, 'x'), std::string{"caf\xC3\xA9"}}) {
    const auto refused = client.post("/v1/deliveries", one, {{"Idempotency-Key", bad}});
    CHECK(refused.status == 400);
    CHECK(refused.pointers() == std::vector<std::string>{"Idempotency-Key"});
  }
  CHECK(client.post("/v1/deliveries", one, {{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}).status == 400);
}

TEST_CASE("an answer to an earlier request says so") {
  running_server node;
  node.service.replayed = true;
  CHECK(node.client().post("/v1/deliveries", one, {{"Idempotency-Key", "k"}}).header("idempotency-replayed") == "true");
}

TEST_CASE("a delivery is shown with its tasks and attempts") {
  running_server node;
  const auto shown = node.client().get(delivery).json();
  CHECK(shown["status"] == "processing");
  CHECK(shown["payload"]["filename"] == "q1 ü.json");
  CHECK(shown["payload"]["size"] == 17);
  CHECK(shown["options"]["tags"][0] == "q1");
  const auto& task = shown["destinations"][0];
  CHECK(task["label"] == "Portal \"P\"");
  CHECK(task["category"] == "remote");
  CHECK(task["finishedAt"].is_null());
  CHECK(task["attemptLog"][0]["attemptId"] == "att_01K0000000E008000000000004");
  CHECK(task["attemptLog"][0]["outcome"] == "retry");
}

TEST_CASE("metadata is shown as it was sent") {
  running_server node;
  CHECK(node.client().get(delivery).body.find(R"("metadata":{"big":12345678901234567890123,"n":0.1000})") != std::string::npos);
}

TEST_CASE("the operator's text of an attempt is for operators, the customer's for all") {
  running_server node;
  const auto path = delivery + "/attempts/att_01K0000000E008000000000004";
  const auto operators = node.client().get(path);
  CHECK(operators.json()["detail"].get<std::string>().substr(0, 13) == "for operators");
  CHECK(operators.json()["message"] == "for customers");
  CHECK(operators.json()["request"]["method"] == "POST");
  auto viewer = node.client(fake_service::viewer_key);
  CHECK_FALSE(viewer.get(path).json().contains("detail"));
  CHECK(viewer.get(path).json()["message"] == "for customers");
  CHECK(viewer.get(delivery).body.find("for operators") == std::string::npos);
}

TEST_CASE("a payload is given back as the bytes it was, to be saved and not shown") {
  running_server node;
  const auto answer = node.client().get(delivery + "/payload");
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"exact": 0.1000})");
  CHECK(answer.header("content-type") == "application/json");
  CHECK(answer.headers.count("content-type") == 1);
  CHECK(answer.header("content-disposition") == "attachment; filename=\"q1 _.json\"; filename*=UTF-8''q1%20%C3%BC.json");
  CHECK(answer.header("x-content-type-options") == "nosniff");
  CHECK(answer.header("repr-digest").substr(0, 9) == "sha-256=:");
}

TEST_CASE("deliveries are listed by every filter there is") {
  running_server node;
  node.service.next_cursor = "more";
  const auto answer = node.client().get(
      "/v1/"
      "deliveries?destinationId=dst_01K0000000E008000000000002&status=failed&from=2026-01-01T00:00:00Z&to=2026-01-02T01:00:00%"
      "2B01:00"
      "&type=report&tag=a%26b&correlationId=c&text=%C3%BC+x&limit=7&cursor=abc");
  REQUIRE(answer.status == 200);
  CHECK(answer.json()["nextCursor"] == "more");
  CHECK(answer.json()["data"].size() == 1);
  node.service.look([](const auto& s) {
    CHECK(s.deliveries.destination == fake_service::known_destination);
    CHECK(s.deliveries.status == core::delivery_status::failed);
    CHECK(core::to_rfc3339(*s.deliveries.from) == "2026-01-01T00:00:00.000Z");
    CHECK(core::to_rfc3339(*s.deliveries.to) == "2026-01-02T00:00:00.000Z");
    CHECK(s.deliveries.payload_type == "report");
    CHECK(s.deliveries.tag == "a&b");
    CHECK(s.deliveries.correlation_id == "c");
    CHECK(s.deliveries.text == "ü x");
    CHECK(s.paging.limit == 7);
    CHECK(s.paging.cursor == "abc");
    return 0;
  });
}

TEST_CASE("every wrong query parameter is named") {
  running_server node;
  const auto answer = node.client().get("/v1/deliveries?destinationId=x&status=none&from=yesterday&limit=0&surprise=1");
  CHECK(answer.status == 400);
  CHECK(answer.json()["code"] == "VALIDATION_ERROR");
  CHECK(answer.pointers() == std::vector<std::string>{"destinationId", "status", "from", "limit", "surprise"});
}

TEST_CASE("retry and cancel take some destinations or all") {
  running_server node;
  auto client = node.client();
  const auto only = [&node] { return node.service.look([](const auto& s) { return s.only.size(); }); };
  CHECK(client.request("POST", delivery + "/retry").status == 202);
  CHECK(only() == 0);
  CHECK(client.post(delivery + "/cancel", R"({"destinations":["dst_01K0000000E008000000000002"]})").status == 200);
  CHECK(only() == 1);
  CHECK(client.post(delivery + "/cancel", "{}").status == 200);
  CHECK(only() == 0);
  const auto wrong = client.post(delivery + "/retry", R"({"destinations":["x",1],"destination":1})");
  CHECK(wrong.status == 400);
  CHECK(wrong.pointers() == std::vector<std::string>{"/destinations/1", "/destinations/0", "/destination"});
  CHECK(node.service.calls().size() == 3);
}

TEST_CASE("an id that is none is not found, like the id of nothing") {
  running_server node;
  auto client = node.client();
  for (const auto* path :
       {"/v1/deliveries/x", "/v1/deliveries/dlv_01K0000000E008000000000009", "/v1/deliveries/dst_01K0000000E008000000000002"}) {
    const auto answer = client.get(path);
    CHECK(answer.status == 404);
    CHECK(answer.json()["code"] == "DELIVERY_NOT_FOUND");
  }
  CHECK(client.get(delivery + "/attempts/x").json()["code"] == "ATTEMPT_NOT_FOUND");
}
