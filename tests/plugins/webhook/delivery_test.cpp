// SPDX-License-Identifier: Apache-2.0
// Deliveries through the built plugin to a real nginx.
#include <catch2/catch.hpp>

#include <chrono>
#include <regex>
#include <thread>
#include <vector>

#include "../nginx_server.hpp"
#include "destination.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

nginx_server& nginx() { return nginx_server::instance(); }
json to(std::string_view path) { return {{"url", nginx().http(path)}}; }

}  // namespace

TEST_CASE("a delivery arrives with every header of an attempt") {
  destination d{to("/echo")};
  fake_delivery what;
  what.attempt = 3;
  const auto seen = d.deliver(what);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(seen.code == 200);
  CHECK(seen.category == 0);
  const auto arrived = json::parse(seen.response)["body"].get<std::string>();
  for (const auto* line :
       {"POST /echo HTTP/1.1", "Idempotency-Key: idem-1", "X-Delivery-Id: dlv_01HV4Z8M4XK2Q8R7T6S5P4N3M2",
        "X-Delivery-Attempt: 3", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "webhook-id: dlv_01HV4Z8M4XK2Q8R7T6S5P4N3M2", "Content-Type: application/json", "User-Agent: Waybill/0.0-test"})
    CHECK(arrived.find(std::string{line} + "\r\n") != std::string::npos);
  CHECK(
      std::regex_search(arrived, std::regex{"X-Delivery-Timestamp: \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z\r\n"}));
  CHECK(std::regex_search(arrived, std::regex{"webhook-timestamp: \\d{10}\r\n"}));
  CHECK(arrived.find("webhook-signature") == std::string::npos);  // no secret, no signature
  const auto body = json::parse(arrived.substr(arrived.find("\r\n\r\n") + 4));
  CHECK(body["data"]["hello"] == "world");
  CHECK(body["metadata"]["department"] == "audit");
}

TEST_CASE("what was sent and what came back is recorded") {
  destination d{to("/echo")};
  const auto seen = d.deliver();
  const auto request = json::parse(seen.request);
  CHECK(request["method"] == "POST");
  CHECK(request["url"] == nginx().http("/echo"));
  CHECK(request["headers"]["Idempotency-Key"] == "idem-1");
  CHECK(request["content"]["bytes"] == 17);
  CHECK(request["content"]["sha256"].get<std::string>().size() == 64);
  CHECK(request["bodyBytes"] == seen.bytes_sent);
  CHECK(json::parse(seen.response)["status"] == 200);
}

TEST_CASE("own headers go out and stay out of the record") {
  auto config = to("/echo");
  config["headers"] = {{"X-Environment", "production"}, {"Content-Type", "application/vnd.mine+json"}};
  destination d{config};
  const auto seen = d.deliver();
  CHECK(seen.request.find("production") == std::string::npos);
  CHECK(seen.request.find("[redacted]") != std::string::npos);
  CHECK(seen.response.find("X-Environment: [redacted]") != std::string::npos);  // the echo of it
  CHECK(seen.response.find("Content-Type: [redacted]") != std::string::npos);
}

TEST_CASE("the method is the one configured") {
  for (const auto* method : {"POST", "PUT", "PATCH"}) {
    auto config = to("/echo");
    config["method"] = method;
    destination d{config};
    CHECK(json::parse(d.deliver().response)["body"].get<std::string>().find(std::string{method} + " /echo") == 0);
  }
}

TEST_CASE("answers become the outcomes that README.md promises") {
  struct row {
    const char* path;
    std::uint32_t action, category;
    std::int32_t code;
    std::uint64_t retry_after_ms;
  };
  for (const auto& r : std::vector<row>{{"/200", WB_ACTION_DELIVERED, 0, 200, 0},
                                        {"/204", WB_ACTION_DELIVERED, 0, 204, 0},
                                        {"/302", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 302, 0},
                                        {"/307", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 307, 0},
                                        {"/400", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 400, 0},
                                        {"/401", WB_ACTION_RETRY, WB_CATEGORY_AUTHENTICATION, 401, 0},
                                        {"/403", WB_ACTION_RETRY, WB_CATEGORY_AUTHENTICATION, 403, 0},
                                        {"/410", WB_ACTION_REJECT, WB_CATEGORY_REMOTE, 410, 0},
                                        {"/422", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 422, 0},
                                        {"/429", WB_ACTION_THROTTLED, WB_CATEGORY_RATE_LIMIT, 429, 7'000},
                                        {"/429-date", WB_ACTION_THROTTLED, WB_CATEGORY_RATE_LIMIT, 429, 0},
                                        {"/500", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 500, 0},
                                        {"/503", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 503, 120'000},
                                        {"/close", WB_ACTION_RETRY, WB_CATEGORY_NETWORK, 0, 0}}) {
    destination d{to(r.path)};
    const auto seen = d.deliver();
    INFO(r.path << " " << seen.detail);
    CHECK(seen.action == r.action);
    CHECK(seen.category == r.category);
    CHECK(seen.code == r.code);
    CHECK(seen.retry_after_ms == r.retry_after_ms);
    CHECK(seen.disable_destination == (r.code == 410));
    CHECK((r.action == WB_ACTION_DELIVERED || !seen.detail.empty()));
    CHECK_FALSE(seen.request.empty());
  }
  CHECK(nginx().log().find("followed") == std::string::npos);
}

TEST_CASE("a body that the receiver refuses while it comes is answered with its 413") {
  auto config = to("/small-limit");
  config["nonRetryableStatus"] = {413};
  config["bodyFormat"] = "raw";
  destination d{config};
  fake_delivery what;
  what.content = std::string(8'000'000, 'x');
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_REJECT);
  CHECK(seen.category == WB_CATEGORY_VALIDATION);
  CHECK(seen.code == 413);
}

TEST_CASE("nobody there, no such name, no trust: network") {
  auto config = to("/200");
  for (const auto& url : {"http://127.0.0.1:" + std::to_string(free_port()) + "/", std::string{"http://no-such-host.invalid/"},
                          nginx().https("/200")}) {
    destination d{{{"url", url}}};
    const auto seen = d.deliver();
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_NETWORK);
    CHECK(seen.response.empty());
    CHECK_FALSE(seen.detail.empty());
  }
}

TEST_CASE("a receiver that hangs is given up after timeoutMs, or at the host's deadline") {
  auto config = to("/slow");
  config["timeoutMs"] = 200;
  {
    destination d{config};
    const auto seen = d.deliver();
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_TIMEOUT);
  }
  config["timeoutMs"] = 60'000;
  destination d{config};
  fake_delivery what;
  what.timeout_ms = 200;
  CHECK(d.deliver(what).category == WB_CATEGORY_TIMEOUT);
}

TEST_CASE("a delivery under way can be canceled, from another thread too") {
  destination d{to("/slow")};
  fake_delivery what;
  const auto token = d.start(what);
  std::thread{[&] { webhook()->cancel(d.handler(), token); }}.join();
  const auto seen = fake_host::instance().wait(token);
  REQUIRE(seen);
  CHECK(seen->action == WB_ACTION_CANCELED);
  webhook()->cancel(d.handler(), token);  // too late is fine
  webhook()->cancel(d.handler(), 999'999'999);
  CHECK(fake_host::instance().completions(token) == 1);
}

TEST_CASE("drain waits for what is under way, until its deadline") {
  destination d{to("/soon")};
  fake_delivery what;
  const auto token = d.start(what);
  webhook()->drain(d.handler(), fake_host::monotonic_ms() + 10'000);
  CHECK(fake_host::instance().completions(token) == 1);
  destination slow{to("/slow")};
  const auto hanging = slow.start(what);
  webhook()->drain(slow.handler(), fake_host::monotonic_ms() + 50);
  CHECK(fake_host::instance().completions(hanging) == 0);
  webhook()->cancel(slow.handler(), hanging);
  REQUIRE(fake_host::instance().wait(hanging));
}

TEST_CASE("the network guard's no is a network failure that names it") {
  destination d{to("/200")};
  d.context.guard = [](auto...) { return false; };
  const auto seen = d.deliver();
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_NETWORK);
  CHECK(seen.detail.find("network guard") != std::string::npos);
  CHECK(seen.detail.find("network.allow") != std::string::npos);
}

TEST_CASE("the receiver's own reference is returned") {
  destination d{to("/reference")};
  CHECK(d.deliver().external_reference == "req-42");
  auto config = to("/reference");
  config["referenceHeader"] = "x-receipt";
  destination other{config};
  CHECK(other.deliver().external_reference == "rcpt-7");
  destination none{to("/200")};
  CHECK(none.deliver().external_reference.empty());
}

TEST_CASE("up to 64 KiB of an answer is kept") {
  auto config = to("/echo");
  config["bodyFormat"] = "raw";
  destination d{config};
  fake_delivery what;
  what.content_type = "text/plain";
  what.content = std::string(200'000, 'k');
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_DELIVERED);
  CHECK(seen.response.size() <= 65'536);
  CHECK(seen.response.size() > 60'000);
  CHECK(json::parse(seen.response)["bodyTruncated"] == true);
}

TEST_CASE("HTTP/2 is spoken where the receiver does, and a client certificate shown where it wants one") {
  json config{{"url", nginx().https("/200")}, {"tls", {{"caPem", nginx().tls().folder.read("ca.pem")}}}};
  {
    destination d{config};
    CHECK(json::parse(d.deliver().response)["body"] == "HTTP/2.0");
  }
  config["http2"] = false;
  {
    destination d{config};
    CHECK(json::parse(d.deliver().response)["body"] == "HTTP/1.1");
  }
  config["url"] = nginx().mtls("/");
  config["tls"]["clientCertificatePem"] = nginx().tls().folder.read("client.pem");
  config["tls"]["clientKeyPem"] = nginx().tls().folder.read("client.key");
  destination d{config};
  CHECK(json::parse(d.deliver().response)["body"].get<std::string>().find("CN=client") != std::string::npos);
}

TEST_CASE("a request goes through a proxy") {
  destination d{{{"url", "http://receiver.invalid/200"}, {"proxy", {{"url", nginx().http("")}}}}};
  CHECK(d.deliver().action == WB_ACTION_DELIVERED);
}

TEST_CASE("a connection test leaves no trace and tells reachable from refused") {
  struct row {
    const char* path;
    std::uint32_t action, category;
  };
  for (const auto& r : std::vector<row>{{"/200", WB_ACTION_DELIVERED, 0},
                                        {"/500", WB_ACTION_DELIVERED, 0},
                                        {"/410", WB_ACTION_DELIVERED, 0},
                                        {"/401", WB_ACTION_RETRY, WB_CATEGORY_AUTHENTICATION},
                                        {"/403", WB_ACTION_RETRY, WB_CATEGORY_AUTHENTICATION},
                                        {"/close", WB_ACTION_RETRY, WB_CATEGORY_NETWORK}}) {
    destination d{to(r.path)};
    const auto seen = d.test();
    INFO(r.path << " " << seen.detail);
    CHECK(seen.action == r.action);
    CHECK(seen.category == r.category);
    CHECK(json::parse(seen.request)["method"] == "OPTIONS");
    CHECK_FALSE(seen.disable_destination);
  }
  destination slow{to("/slow")};
  CHECK(slow.test(100).category == WB_CATEGORY_TIMEOUT);
}

TEST_CASE("deliveries to a thousand hanging receivers leave the next one alone") {
  destination slow{to("/slow")};
  fake_delivery what;
  std::vector<wb_token> hanging;
  for (int i = 0; i < 1'000; ++i) hanging.push_back(slow.start(what));
  destination quick{to("/200")};
  CHECK(quick.deliver().action == WB_ACTION_DELIVERED);
  for (const auto token : hanging) webhook()->cancel(slow.handler(), token);
  for (const auto token : hanging) REQUIRE(fake_host::instance().wait(token));
}
