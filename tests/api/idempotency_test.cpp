// SPDX-License-Identifier: Apache-2.0
#include "api/idempotency.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

const std::string a_key = R"({"name":"n","roles":["viewer"]})";

http_answer send(http_client& client, const std::string& path, const std::string& body, const std::string& key) {
  return client.request("POST", path, body, {{"Content-Type", "application/json"}, {"Idempotency-Key", key}});
}

core::once_claim claim_of(running_server& node, const std::string& path, const std::string& body,
                          std::string_view who = fake_service::admin_key) {
  auto client = node.client(who);
  send(client, path, body, "k");
  return node.service.look([](const auto& s) { return s.claim; });
}

}  // namespace

TEST_CASE("a creating request with a key asks for its earlier answer first, and travels with its claim") {
  running_server node;
  auto client = node.client();
  CHECK(send(client, "/v1/keys", a_key, "k-1").status == 201);
  CHECK(node.service.calls() == std::vector<std::string>{"find_answer", "create_key"});
  const auto who = node.service.last_caller();
  REQUIRE(who.once);
  CHECK(who.once->claim.route == "POST /v1/keys");
  CHECK(who.once->claim.key == "k-1");
  core::created_key made;
  made.secret = "wbk_shown_once";
  const auto kept = who.once->render(&made);
  CHECK(kept.status == 201);
  CHECK(nlohmann::json::parse(kept.body)["secret"] == "wbk_shown_once");
}

TEST_CASE("without a key nothing is asked and nothing travels along") {
  running_server node;
  CHECK(node.client().post("/v1/keys", a_key).status == 201);
  CHECK(node.service.calls() == std::vector<std::string>{"create_key"});
  CHECK_FALSE(node.service.last_caller().once);
}

TEST_CASE("an earlier answer is given again as it was, and says so") {
  running_server node;
  node.service.earlier = core::kept_answer{201, "Location: /there\r\nETag: \"1\"\r\n", R"({"id":"x"})"};
  auto client = node.client();
  const auto again = send(client, "/v1/destinations", R"({"type":"webhook","label":"l","config":{}})", "k");
  CHECK(again.status == 201);
  CHECK(again.body == R"({"id":"x"})");
  CHECK(again.header("location") == "/there");
  CHECK(again.header("etag") == "\"1\"");
  CHECK(again.header("idempotency-replayed") == "true");
  CHECK(again.header("content-type") == "application/json");
  CHECK(node.service.calls() == std::vector<std::string>{"find_answer"});
}

TEST_CASE("while the first request is under way an equal one is told to wait, in its organization and on its route only") {
  running_server node{{}, fake_service::answers::when_released};
  auto first = node.client();
  first.send("POST /v1/keys HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} +
             "\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: " + std::to_string(a_key.size()) +
             "\r\n\r\n" + a_key);
  REQUIRE(eventually([&] { return node.service.waiting() == 1; }));
  auto second = node.client();
  const auto refused = send(second, "/v1/keys", a_key, "k");
  CHECK(refused.status == 409);
  CHECK(refused.json()["code"] == "IDEMPOTENCY_IN_PROGRESS");
  CHECK(refused.header("retry-after") == "1");
  node.service.set_answers(fake_service::answers::from_a_thread);
  CHECK(send(second, "/v1/organizations", R"({"name":"n"})", "k").status == 201);
  CHECK(send(second, "/v1/keys", a_key, "other").status == 201);
  node.service.release();
  CHECK(first.receive().status == 201);
  CHECK(send(second, "/v1/keys", a_key, "k").status == 201);
}

TEST_CASE("a key is free again after a request that failed or got no answer in time") {
  running_server node;
  auto client = node.client();
  CHECK(send(client, "/v1/keys", R"({"name":1})", "k").status == 400);
  node.service.fail_next({core::error_code::store_unavailable, "no", {}, {}});
  CHECK(send(client, "/v1/keys", a_key, "k").status == 503);
  node.service.set_answers(fake_service::answers::when_released);
  auto patient = node.client();
  patient.send("POST /v1/keys HTTP/1.1\r\nAuthorization: Bearer " + std::string{fake_service::admin_key} +
               "\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: " + std::to_string(a_key.size()) +
               "\r\n\r\n" + a_key);
  REQUIRE(eventually([&] { return node.service.waiting() == 1; }));
  node.clock.push(std::chrono::seconds{31});
  CHECK(patient.receive().status == 504);
  // The service still works on it, so whoever asks again is told to wait; only when that has ended the key is free.
  CHECK(send(client, "/v1/keys", a_key, "k").status == 409);
  node.service.set_answers(fake_service::answers::from_a_thread);
  node.service.forget();
  CHECK(eventually([&] { return send(client, "/v1/keys", a_key, "k").status == 201; }));
}

TEST_CASE("what makes a request another one changes its fingerprint") {
  running_server node;
  const auto first = claim_of(node, "/v1/keys", a_key);
  CHECK(claim_of(node, "/v1/keys", a_key).fingerprint == first.fingerprint);
  CHECK(claim_of(node, "/v1/keys", a_key + " ").fingerprint != first.fingerprint);
  const std::string destination = R"({"type":"webhook","label":"l","config":{}})";
  const auto plain = claim_of(node, "/v1/destinations", destination);
  CHECK(claim_of(node, "/v1/destinations?test=true", destination).fingerprint != plain.fingerprint);
  CHECK(claim_of(node, "/v1/destinations?test=true", destination).route == plain.route);
}

TEST_CASE("the path's parameters are part of the route") {
  running_server node;
  const auto secret = claim_of(node, "/v1/destinations/dst_01K0000000E008000000000002/secrets", "{}");
  CHECK(secret.route == "POST /v1/destinations/{destinationId}/secrets dst_01K0000000E008000000000002");
}

TEST_CASE("an idempotency key is 1 to 255 printable ASCII characters") {
  running_server node;
  auto client = node.client();
  for (const auto& bad : {std::string{}, std::string(256, 'x'), std::string{"a\tb"}, std::string{"\xC3\xBC"}}) {
    const auto refused = send(client, "/v1/keys", a_key, bad);
    CHECK(refused.status == 400);
    CHECK(refused.pointers() == std::vector<std::string>{"Idempotency-Key"});
  }
  CHECK(send(client, "/v1/keys", a_key, std::string(255, 'x')).status == 201);
  CHECK(node.service.look([](const auto& s) { return s.claim.key.size(); }) == 255);
}

TEST_CASE("a key under way is held once, and free when it is released or dropped") {
  const auto keys = std::make_shared<api::keys_under_way>();
  auto held = api::keys_under_way::take(keys, "a");
  REQUIRE(held);
  CHECK_FALSE(api::keys_under_way::take(keys, "a"));
  CHECK(api::keys_under_way::take(keys, "b"));
  held->release();
  auto again = api::keys_under_way::take(keys, "a");
  REQUIRE(again);
  held.reset();
  CHECK_FALSE(api::keys_under_way::take(keys, "a"));
  again.reset();
  CHECK(api::keys_under_way::take(keys, "a"));
}
