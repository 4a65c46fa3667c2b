// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

const std::string path = "/v1/destinations/dst_01K0000000E008000000000002";
const std::string whole =
    R"({"type":"webhook","label":"Portal","config":{"url":"https://example.org/"},"tags":["a"],"metadata":{"x":1}})";

std::set<std::string> pointers(const http_answer& answer) {
  const auto all = answer.pointers();
  return {all.begin(), all.end()};
}

}  // namespace

TEST_CASE("a destination is made, with its signing secret shown once") {
  running_server node;
  const auto answer = node.client().post("/v1/destinations", whole);
  REQUIRE(answer.status == 201);
  CHECK(answer.header("location") == "http://" + node.server->address() + path);
  CHECK(answer.header("etag") == "\"1\"");
  const auto made = answer.json();
  CHECK(made["id"] == "dst_01K0000000E008000000000002");
  CHECK(made["health"] == "healthy");
  CHECK(made["signingSecret"]["secret"] == "whsec_clear");
  CHECK(made["policy"] == nlohmann::json::parse(R"({"retry":{"maxAttempts":3}})"));
  node.service.look([](const auto& s) {
    CHECK(s.destination_said.type == "webhook");
    CHECK((*s.destination_said.config)["url"] == "https://example.org/");
    CHECK(s.destination_said.tags == std::vector<std::string>{"a"});
    CHECK_FALSE(s.destination_said.policy);
    CHECK_FALSE(s.test_first);
    return 0;
  });
}

TEST_CASE("a destination is tested before it is saved where that is asked for") {
  running_server node;
  auto client = node.client();
  CHECK(client.post("/v1/destinations?test=true", whole).status == 201);
  CHECK(node.service.look([](const auto& s) { return s.test_first; }));
  CHECK(client.post("/v1/destinations?test=yes", whole).pointers() == std::vector<std::string>{"test"});
  node.service.fail_next({core::error_code::connection_test_failed, "refused", {}, {}});
  const auto failed = client.post("/v1/destinations?test=true", whole);
  CHECK(failed.status == 422);
  CHECK(failed.json()["code"] == "CONNECTION_TEST_FAILED");
}

TEST_CASE("every fault of a destination's body is told at once") {
  running_server node;
  auto client = node.client();
  const auto wrong = client.post("/v1/destinations",
                                 R"({"type":1,"label":[],"config":"x","policy":[],"tags":[1,"a","a"],"metadata":2,"x/y":1})");
  CHECK(wrong.status == 400);
  CHECK(pointers(wrong) ==
        std::set<std::string>{"/type", "/label", "/config", "/policy", "/tags/0", "/tags/2", "/metadata", "/x~1y"});
  CHECK(pointers(client.post("/v1/destinations", "{}")) == std::set<std::string>{"/type", "/label", "/config"});
  CHECK(pointers(client.post("/v1/destinations", "[]")) == std::set<std::string>{""});
  CHECK(client.post("/v1/destinations", R"({"a":1,"a":2})").json()["code"] == "MALFORMED_REQUEST");
  CHECK(node.service.calls().empty());
}

TEST_CASE("a destination is shown with its version and its health") {
  running_server node;
  auto client = node.client();
  const auto answer = client.get(path);
  CHECK(answer.status == 200);
  CHECK(answer.header("etag") == "\"3\"");
  CHECK(answer.json()["health"] == "degraded");
  CHECK(answer.json()["config"]["token"] == "••••");
  CHECK(client.get(path, {{"If-None-Match", "\"3\""}}).status == 304);
  CHECK(client.get(path, {{"If-None-Match", "\"2\""}}).status == 200);
}

TEST_CASE("a change expects the version that If-Match names") {
  running_server node;
  auto client = node.client();
  const auto expected = [&node] { return node.service.look([](const auto& s) { return s.expected_version; }); };
  CHECK(client.request("PUT", path, whole).status == 200);
  CHECK(expected() == 0);
  CHECK(client.request("PUT", path, whole, {{"If-Match", "\"3\""}}).header("etag") == "\"4\"");
  CHECK(expected() == 3);
  CHECK(client.request("PATCH", path, "{}", {{"If-Match", "*"}}).status == 200);
  CHECK(expected() == 0);
  CHECK(client.request("PATCH", path, "{}", {{"If-Match", "\"1\", \"3\""}}).status == 200);
  CHECK(expected() == 3);
  CHECK(client.request("DELETE", path, {}, {{"If-Match", "\"3\""}}).status == 204);

  for (const auto* tags : {"\"2\"", "\"1\", \"2\"", "W/\"3\"", "\"x\"", "\"0\""}) {
    const auto stale = client.request("PATCH", path, "{}", {{"If-Match", tags}});
    CHECK(stale.status == 412);
    CHECK(stale.json()["code"] == "PRECONDITION_FAILED");
    CHECK(client.request("DELETE", path, {}, {{"If-Match", tags}}).status == 412);
  }
  CHECK(client.request("PATCH", path, "{}", {{"If-Match", "3"}}).status == 400);
}

TEST_CASE("a PATCH is a merge patch: null takes away, and nothing is required") {
  running_server node;
  auto client = node.client();
  const auto answer = client.request("PATCH", path, R"({"policy":null,"tags":null,"metadata":null,"config":{"a":null}})",
                                     {{"Content-Type", "application/merge-patch+json"}});
  REQUIRE(answer.status == 200);
  node.service.look([](const auto& s) {
    CHECK(s.update == core::update_kind::merge);
    CHECK(s.destination_said.policy->is_null());
    CHECK(s.destination_said.tags->empty());
    CHECK(*s.destination_said.metadata == nlohmann::json::object());
    CHECK((*s.destination_said.config)["a"].is_null());
    CHECK_FALSE(s.destination_said.label);
    return 0;
  });
  CHECK(pointers(client.request("PATCH", path, R"({"label":null,"config":null})")) ==
        std::set<std::string>{"/label", "/config"});
  CHECK(client.request("PUT", path, whole).status == 200);
  CHECK(node.service.look([](const auto& s) { return s.update; }) == core::update_kind::replace);
  CHECK(client.request("PUT", path, whole, {{"Content-Type", "application/merge-patch+json"}}).status == 415);
}

TEST_CASE("a destination is tested, enabled and disabled") {
  running_server node;
  auto client = node.client();
  CHECK(client.request("POST", path + "/test").json()["ok"] == true);
  const auto probe = client.post("/v1/destinations/test", R"({"type":"webhook","config":{}})");
  CHECK(probe.status == 200);
  CHECK(probe.json()["ok"] == false);
  CHECK(probe.json()["category"] == "network");
  CHECK(client.post(path + "/disable", R"({"reason":"maintenance"})").json()["state"] == "disabled");
  CHECK(node.service.look([](const auto& s) { return s.reason; }) == "maintenance");
  CHECK(client.request("POST", path + "/disable").status == 200);
  CHECK(node.service.look([](const auto& s) { return s.reason; }) == "disabled by hand");
  CHECK(client.request("POST", path + "/enable").json()["state"] == "enabled");
  CHECK(pointers(client.post(path + "/enable", R"({"reason":1})")) == std::set<std::string>{"/reason"});
}

TEST_CASE("a destination's health and queue are shown") {
  running_server node;
  auto client = node.client();
  const auto health = client.get(path + "/health").json();
  CHECK(health["status"] == "degraded");
  CHECK(health["successRate"] == 0.5);
  CHECK(health["breaker"]["state"] == "closed");
  CHECK(health["responseTimeMs"]["p50"] == 12);
  CHECK(health["responseTimeMs"]["p99"].is_null());
  const auto queue = client.get(path + "/queue").json();
  CHECK(queue["waiting"] == 6);
  CHECK(queue["inFlight"] == 7);
}

TEST_CASE("signing secrets are shown only by the answer that makes them") {
  running_server node;
  auto client = node.client();
  CHECK(client.get(path + "/secrets").json()["data"][0]["secret"] == "••••");
  const auto made = client.post(path + "/secrets", R"({"secret":"whsec_own","algorithm":"hmac-sha512"})");
  CHECK(made.status == 201);
  CHECK(made.json()["secret"] == "whsec_clear");
  CHECK(node.service.look([](const auto& s) { return s.secret_said.algorithm; }) == "hmac-sha512");
  CHECK(client.post(path + "/secrets/rotate", R"({"overlapMs":0})").status == 201);
  CHECK(node.service.look([](const auto& s) { return s.secret_said.overlap->count(); }) == 0);
  CHECK(client.request("POST", path + "/secrets/rotate").status == 201);
  CHECK(client.request("DELETE", path + "/secrets/sec_01K0000000E008000000000006").status == 204);
  CHECK(client.request("DELETE", path + "/secrets/sec_x").json()["code"] == "SECRET_NOT_FOUND");
  CHECK(pointers(client.post(path + "/secrets/rotate", R"({"overlapMs":1.5,"secret":1})")) ==
        std::set<std::string>{"/overlapMs", "/secret"});
}

TEST_CASE("destination types are listed and shown with their schema") {
  running_server node;
  auto client = node.client();
  CHECK(client.get("/v1/destination-types").json()["data"][0]["configSchema"]["type"] == "object");
  CHECK(client.get("/v1/destination-types/webhook").json()["type"] == "webhook");
  CHECK(client.get("/v1/destination-types/%77ebhook").json()["type"] == "webhook");
  CHECK(client.get("/v1/destination-types/pigeon").json()["code"] == "DESTINATION_TYPE_NOT_FOUND");
}

TEST_CASE("keys are made with every narrowing there is") {
  running_server node;
  auto client = node.client();
  const auto made =
      client.post("/v1/keys", R"({"name":"n","roles":["producer","viewer"],"destinations":["dst_01K0000000E008000000000002"],
      "allowedIpRanges":["10.0.0.0/8"],"allowedHours":{"from":"22:00","to":"06:30"},"expiresAt":"2027-01-01T00:00:00Z"})");
  REQUIRE(made.status == 201);
  CHECK(made.json()["secret"] == "wbk_new_secret");
  node.service.look([](const auto& s) {
    CHECK(s.key_said.roles.has(core::role::producer));
    CHECK_FALSE(s.key_said.roles.has(core::role::admin));
    CHECK(s.key_said.allowed_hours == std::pair<std::uint16_t, std::uint16_t>{1'320, 390});
    CHECK(s.key_said.only_destinations.size() == 1);
    return 0;
  });
  const auto listed = client.get("/v1/keys?limit=1").json()["data"][0];
  CHECK_FALSE(listed.contains("secret"));
  CHECK(listed["allowedHours"]["to"] == "18:00");
  CHECK(client.request("DELETE", "/v1/keys/key_01K0000000E008000000000007").status == 204);
  CHECK(client.request("DELETE", "/v1/keys/key_x").json()["code"] == "KEY_NOT_FOUND");
  CHECK(pointers(client.post(
            "/v1/keys", R"({"roles":["king",1],"allowedHours":{"from":"25:00"},"allowedIpRanges":1,"expiresAt":"never"})")) ==
        std::set<std::string>{"/name", "/roles/0", "/roles/1", "/allowedHours/from", "/allowedHours/to", "/allowedIpRanges",
                              "/expiresAt"});
}

TEST_CASE("organizations are made, shown and changed") {
  running_server node;
  auto client = node.client(fake_service::operator_key);
  const std::string own = "/v1/organizations/org_01K0000000E008000000000001";
  CHECK(client.post("/v1/organizations", R"({"name":"north"})").header("location") == "http://" + node.server->address() + own);
  CHECK(client.get("/v1/organizations").json()["data"].size() == 1);
  CHECK(client.get(own).header("etag") == "\"3\"");
  CHECK(client.get(own, {{"If-None-Match", "\"3\""}}).status == 304);
  CHECK(client.request("PATCH", own, R"({"policy":null})").header("etag") == "\"4\"");
  CHECK(node.service.look([](const auto& s) { return *s.organization_said.policy; }) == nlohmann::json::object());
  CHECK(client.request("PATCH", own, "{}", {{"If-Match", "\"1\",\"2\""}}).status == 412);
  CHECK(client.get("/v1/organizations/x").json()["code"] == "ORGANIZATION_NOT_FOUND");
  CHECK(pointers(client.post("/v1/organizations", R"({"policy":1,"x":1})")) == std::set<std::string>{"/name", "/policy", "/x"});
}

TEST_CASE("what is under way on the node is for the operator key to see") {
  running_server node;
  CHECK_FALSE(node.client().get("/v1/queue").json().contains("inFlight"));
  CHECK(node.client(fake_service::operator_key).get("/v1/queue").json()["inFlight"] == 7);
}
