// SPDX-License-Identifier: Apache-2.0
// What holds of every route (api.md, Conventions).
#include <catch2/catch.hpp>
#include <string>

#include "api/trace_context.hpp"
#include "tests/api/running_server.hpp"

using namespace waybill;
using namespace waybill::tests;

namespace {

const std::string one = R"({"payload":{"type":"data","data":1}})";

void check_problem(const http_answer& answer, int status, const std::string& code) {
  CHECK(answer.status == status);
  CHECK(answer.header("content-type") == "application/problem+json");
  const auto problem = answer.json();
  REQUIRE(problem.is_object());
  CHECK(problem["status"] == status);
  CHECK(problem["code"] == code);
  for (const auto* member : {"type", "title", "detail"}) CHECK_FALSE(problem[member].get<std::string>().empty());
}

}  // namespace

TEST_CASE("a request without a key that works is a 401 that says which scheme") {
  running_server node;
  for (const auto* field :
       {"", "Bearer", "Bearer ", "Bearer wrong", "Basic d2JrOng=", "wbk_admin_secret", "Bearer wbk_admin_secret x"}) {
    auto client = node.client("");
    const auto answer = client.request("GET", "/v1/queue", {}, {{"Authorization", field}});
    check_problem(answer, 401, "UNAUTHENTICATED");
    CHECK(answer.header("www-authenticate") == "Bearer realm=\"waybill\"");
  }
  auto client = node.client("");
  check_problem(client.get("/v1/queue"), 401, "UNAUTHENTICATED");
  CHECK(client.request("GET", "/v1/queue", {}, {{"Authorization", "bearer   wbk_admin_secret"}}).status == 200);
  check_problem(
      client.request("GET", "/v1/queue", {}, {{"Authorization", "Bearer wbk_admin_secret"}, {"Authorization", "Bearer x"}}),
      400, "MALFORMED_REQUEST");
  CHECK(node.service.calls().size() == 1);
}

TEST_CASE("only the operator key acts for an organization it names") {
  running_server node;
  check_problem(node.client().get("/v1/queue", {{"X-Organization-Id", "org_01K0000000E008000000000009"}}), 403, "FORBIDDEN");
  CHECK(node.client(fake_service::operator_key)
            .get("/v1/queue", {{"X-Organization-Id", "org_01K0000000E008000000000009"}})
            .status == 200);
  CHECK(node.service.last_caller().organization.to_string() == "org_01K0000000E008000000000009");
}

TEST_CASE("the service learns who asked from where") {
  running_server node;
  node.client().get("/v1/queue", {{"X-Request-Id", "r-1"}});
  CHECK(node.service.last_caller().remote_address == "127.0.0.1");
  CHECK(node.service.last_caller().request_id == "r-1");
}

TEST_CASE("a request id is answered as it was sent, or made") {
  running_server node;
  auto client = node.client();
  CHECK(client.get("/v1/queue", {{"X-Request-Id", "r-1"}}).header("x-request-id") == "r-1");
  CHECK(client.get("/v1/queue", {{"X-Request-Id", "a b"}}).header("x-request-id").substr(0, 4) == "req_");
  CHECK(client.get("/nowhere").header("x-request-id").substr(0, 4) == "req_");
}

TEST_CASE("a traceparent is answered and goes with the delivery, without one a trace begins") {
  running_server node;
  auto client = node.client();
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  CHECK(client.post("/v1/deliveries", one, {{"traceparent", trace}}).header("traceparent") == trace);
  CHECK(node.service.look([](const auto& s) { return s.request.traceparent; }) == trace);
  const auto begun = client.post("/v1/deliveries", one, {{"traceparent", "nonsense"}}).header("traceparent");
  CHECK(api::is_traceparent(begun));
  CHECK(node.service.look([](const auto& s) { return s.request.traceparent; }) == begun);
  CHECK(client.post("/v1/deliveries", one).header("traceparent") != begun);
}

TEST_CASE("every answer carries the headers that keep browsers from doing harm") {
  running_server node;
  auto client = node.client();
  for (const auto* path : {"/v1/queue", "/nowhere", "/healthz", "/docs"}) {
    const auto answer = client.get(path);
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(answer.header("cache-control") == "no-store");
    CHECK(answer.headers.count("content-security-policy") == 1);
    CHECK(answer.header("content-security-policy").find("default-src 'none'") == 0);
    CHECK(answer.headers.count("date") == 1);
    CHECK(answer.headers.count("server") == 0);
  }
}

TEST_CASE("an unknown path is a 404, and a wrong method a 405 that names the right ones") {
  running_server node;
  auto client = node.client();
  for (const auto* path :
       {"/", "/v1", "/v1/nothing", "/v1/deliveries/", "//v1/queue", "/v1/queue/x", "/v1/deliveries//payload", "/V1/queue"})
    check_problem(client.get(path), 404, "NOT_FOUND");
  const auto answer = client.request("PATCH", "/v1/deliveries", "{}");
  check_problem(answer, 405, "METHOD_NOT_ALLOWED");
  CHECK(answer.header("allow") == "POST, GET, HEAD");
  CHECK(client.request("OPTIONS", "/v1/destinations/dst_01K0000000E008000000000002").header("allow") ==
        "GET, HEAD, PUT, PATCH, DELETE");
  CHECK(client.request("TRACE", "/healthz").status == 405);
}

TEST_CASE("a HEAD is a GET without its body") {
  running_server node;
  auto client = node.client();
  const auto head = client.request("HEAD", "/v1/queue");
  CHECK(head.status == 200);
  CHECK(head.header("content-length") == client.get("/v1/queue").header("content-length"));
  CHECK(client.get("/v1/queue").status == 200);
}

TEST_CASE("a body is JSON, uncompressed, and there") {
  running_server node;
  auto client = node.client();
  const auto send = [&](const http_client::headers& fields) { return client.post("/v1/deliveries", one, fields); };
  CHECK(send({{"Content-Type", "application/json"}}).status == 202);
  CHECK(send({{"Content-Type", "Application/JSON; charset=utf-8"}}).status == 202);
  CHECK(send({{"Content-Type", "application/json ;x=y; charset=\"UTF-8\""}}).status == 202);
  check_problem(send({{"Content-Type", "application/json; charset=iso-8859-1"}}), 415, "UNSUPPORTED_MEDIA_TYPE");
  for (const auto* type :
       {"text/plain", "application/jsonx", "application/merge-patch+json", "", "application/x-www-form-urlencoded"})
    check_problem(send({{"Content-Type", type}}), 415, "UNSUPPORTED_MEDIA_TYPE");
  check_problem(send({{"Content-Encoding", "gzip"}}), 415, "UNSUPPORTED_MEDIA_TYPE");
  CHECK(send({{"Content-Encoding", "identity"}}).status == 202);
  check_problem(client.post("/v1/deliveries", ""), 400, "MALFORMED_REQUEST");
  check_problem(client.request("POST", "/v1/keys"), 400, "MALFORMED_REQUEST");
}

TEST_CASE("every route refuses query parameters it does not know") {
  running_server node;
  auto client = node.client();
  check_problem(client.get("/v1/queue?x=1"), 400, "VALIDATION_ERROR");
  check_problem(client.get("/healthz?x"), 400, "VALIDATION_ERROR");
  check_problem(client.post("/v1/deliveries?test=true", one), 400, "VALIDATION_ERROR");
  check_problem(client.get("/v1/deliveries?tag=%ff"), 400, "MALFORMED_REQUEST");
  CHECK(client.get("/v1/queue?").status == 200);
}

TEST_CASE("the target may be an absolute one") {
  running_server node;
  CHECK(node.client().get("http://other.example.org/v1/queue").status == 200);
  CHECK(node.client().get("http://other.example.org").status == 404);
}

TEST_CASE("an error of the service keeps its code, its fields and its time") {
  running_server node;
  auto client = node.client();
  node.service.fail_next({core::error_code::queue_full, "the queue is full", {}, std::chrono::milliseconds{2'500}});
  const auto full = client.post("/v1/deliveries", one);
  check_problem(full, 503, "QUEUE_FULL");
  CHECK(full.header("retry-after") == "3");
  node.service.fail_next(
      {core::error_code::destination_not_found, "unknown", {{"/destinations/1", "exists", "no such destination"}}, {}});
  const auto unknown = client.post("/v1/deliveries", one);
  check_problem(unknown, 404, "DESTINATION_NOT_FOUND");
  CHECK(unknown.pointers() == std::vector<std::string>{"/destinations/1"});
  node.service.fail_next({core::error_code::idempotency_key_reused, "another body", {}, {}});
  check_problem(client.post("/v1/deliveries", one), 422, "IDEMPOTENCY_KEY_REUSED");
  node.service.fail_next({core::error_code::idempotency_in_progress, "wait", {}, {}});
  check_problem(client.post("/v1/deliveries", one), 409, "IDEMPOTENCY_IN_PROGRESS");
}

TEST_CASE("an internal error tells a client nothing of what happened") {
  running_server node;
  for (const auto code : {core::error_code::internal_error, core::error_code::fenced}) {
    node.service.fail_next({code, "SELECT * FROM secrets failed", {}, {}});
    const auto answer = node.client().get("/v1/queue");
    check_problem(answer, 500, "INTERNAL_ERROR");
    CHECK(answer.body.find("SELECT") == std::string::npos);
  }
}

TEST_CASE("a key that asks too often is told when to come back") {
  api::http_options options;
  options.key_requests_per_second = 0.5;
  options.key_burst = 2;
  running_server node{options};
  auto client = node.client();
  const auto first = client.get("/v1/queue");
  CHECK(first.status == 200);
  CHECK(first.header("ratelimit-limit") == "2");
  CHECK(first.header("ratelimit-remaining") == "1");
  CHECK(client.get("/v1/queue").header("ratelimit-remaining") == "0");
  const auto refused = client.get("/v1/queue");
  check_problem(refused, 429, "RATE_LIMIT_EXCEEDED");
  CHECK(refused.header("retry-after") == "2");
  CHECK(refused.header("ratelimit-reset") == "4");
  CHECK(client.get("/healthz").status == 200);
  node.clock.push(std::chrono::seconds{2});
  CHECK(client.get("/v1/queue").status == 200);
}

TEST_CASE("an organization's limit holds over all of its keys") {
  api::http_options options;
  options.organization_requests_per_second = 1;
  options.organization_burst = 1;
  options.key_requests_per_second = 100;
  running_server node{options};
  CHECK(node.client().get("/v1/queue").header("ratelimit-limit") == "1");
  CHECK(node.client(fake_service::viewer_key).get("/v1/queue").status == 429);
  CHECK(node.client(fake_service::operator_key)
            .get("/v1/queue", {{"X-Organization-Id", "org_01K0000000E008000000000009"}})
            .status == 200);
}

TEST_CASE("requests are counted by route, not by path") {
  running_server node;
  auto client = node.client();
  client.get("/v1/deliveries/dlv_01K0000000E008000000000003");
  client.get("/random/path");
  const auto page = client.get("/metrics").body;
  CHECK(page.find("/v1/deliveries/{deliveryId}") != std::string::npos);
  CHECK(page.find("dlv_01K") == std::string::npos);
  CHECK(page.find("random") == std::string::npos);
}

TEST_CASE("a node tells that it lives and whether it is ready, and nothing more") {
  running_server node;
  auto client = node.client("");
  CHECK(client.get("/healthz").json()["status"] == "alive");
  CHECK(client.get("/readyz").json() == nlohmann::json::parse(R"({"ready":true,"checks":[{"name":"store","ok":true}]})"));
  node.service.ready = false;
  CHECK(client.get("/readyz").status == 503);
  CHECK(client.get("/readyz").body.find("secret path") == std::string::npos);
}

TEST_CASE("the page of the contract loads nothing and runs nothing") {
  running_server node;
  const auto page = node.client("").get("/docs");
  CHECK(page.header("content-type") == "text/html; charset=utf-8");
  CHECK(page.header("content-security-policy").find("script-src") == std::string::npos);
  for (const auto* trace : {"<script", "src=", "<link", "@import", "url("}) CHECK(page.body.find(trace) == std::string::npos);
  CHECK(page.body.find("/v1/deliveries/{deliveryId}") != std::string::npos);
}
