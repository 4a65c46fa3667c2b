// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/config.hpp"

#include <catch2/catch.hpp>

#include "../nginx_server.hpp"
#include "destination.hpp"

using namespace waybill::testing;
using nlohmann::json;
using names = std::vector<std::string>;

namespace {

json with(const json& more = json::object()) {
  json config{{"url", "https://example.com/hook"}};
  config.merge_patch(more);
  return config;
}

}  // namespace

TEST_CASE("a URL alone is enough") { CHECK(fault_names(with()).empty()); }

TEST_CASE("every fault is reported at once") {
  CHECK(fault_names(with({{"url", "ftp://user:pw@example.com/#x"},
                          {"headers", {{"X-Delivery-Id", "1"}, {"A", "b\r\nC: d"}}},
                          {"auth", {{"type", "basic"}, {"username", "a:b"}, {"password", "c"}}},
                          {"nonRetryableStatus", {200}},
                          {"referenceHeader", "a b"}})) ==
        names{"/auth/username colon", "/headers/A injection", "/headers/X-Delivery-Id reserved", "/nonRetryableStatus/0 range",
              "/referenceHeader pattern", "/url credentials", "/url fragment", "/url scheme"});
}

TEST_CASE("a URL must name a host over HTTP and hold no credentials") {
  CHECK(fault_names(json::object()) == names{"/url required"});
  for (const auto* url : {"", "no url", "http://", "https:///path", "file:///etc/passwd", "http://a b/",
                          "http://user@example.com/", "http://example.com/\r\nX: y", "http://[::1/"}) {
    INFO(url);
    CHECK_FALSE(fault_names({{"url", url}}).empty());
  }
  for (const auto* url :
       {"http://example.com", "HTTPS://example.com:8443/a?b=c", "http://[2001:db8::1]:80/x", "http://10.0.0.1/"})
    CHECK(fault_names({{"url", url}}).empty());
}

TEST_CASE("headers cannot be injected, repeated, or set what Waybill and HTTP set") {
  CHECK(fault_names(with({{"headers", {{"A B", "x"}}}})) == names{"/headers/A B name"});
  CHECK(fault_names(with({{"headers", {{"A/B~C\n", "x"}}}})) == names{"/headers/A~1B~0C\n name"});
  CHECK(fault_names(with({{"headers", {{"X", "a\nb"}}}})) == names{"/headers/X injection"});
  CHECK(fault_names(with({{"headers", {{"X", std::string("a\0b", 3)}}}})) == names{"/headers/X injection"});
  CHECK(fault_names(with({{"headers", {{"X-A", "1"}, {"x-a", "2"}}}})) == names{"/headers/x-a duplicate"});
  for (const auto* name : {"host", "Content-Length", "transfer-encoding", "Connection", "Idempotency-Key", "webhook-signature",
                           "X-Delivery-Anything", "traceparent", "Content-Encoding", "Expect"})
    CHECK(fault_names(with({{"headers", {{name, "1"}}}})) == names{"/headers/" + std::string{name} + " reserved"});
  CHECK(fault_names(with({{"headers", {{"Content-Type", "application/json"}, {"User-Agent", "me"}}}})).empty());
}

TEST_CASE("authentication is complete and free of control characters") {
  const auto faults = [](const json& auth) { return fault_names(with({{"auth", auth}})); };
  CHECK(faults({{"type", "none"}}).empty());
  CHECK(faults({{"type", "apiKey"}, {"value", "k"}}).empty());
  CHECK(faults({{"type", "apiKey"}}) == names{"/auth/value required"});
  CHECK(faults({{"type", "apiKey"}, {"header", "Host"}, {"value", "k"}}) == names{"/auth/header reserved"});
  CHECK(faults({{"type", "bearer"}, {"token", "a\r\nb"}}) == names{"/auth/token injection"});
  CHECK(faults({{"type", "basic"}, {"username", ""}, {"password", "p\n"}}) ==
        names{"/auth/password injection", "/auth/username required"});
  CHECK(faults({{"type", "oauth2"}, {"tokenUrl", "gopher://x"}, {"clientId", ""}, {"clientSecret", ""}}) ==
        names{"/auth/clientId required", "/auth/clientSecret required", "/auth/tokenUrl scheme"});
  CHECK(faults({{"type", "jwt"}, {"algorithm", "HS256"}, {"key", "short"}}) == names{"/auth/key key"});
  CHECK(faults({{"type", "jwt"}, {"algorithm", "HS256"}, {"key", std::string(32, 'k')}, {"claims", {{"exp", 1}}}}) ==
        names{"/auth/claims/exp reserved"});
  CHECK(faults({{"type", "magic"}}) == names{"/auth/type enum"});
}

TEST_CASE("a header is not set twice, by headers and by auth") {
  CHECK(fault_names(with({{"headers", {{"authorization", "x"}}}, {"auth", {{"type", "bearer"}, {"token", "t"}}}})) ==
        names{"/headers/authorization duplicate"});
  CHECK(fault_names(with({{"headers", {{"x-api-key", "x"}}}, {"auth", {{"type", "apiKey"}, {"value", "t"}}}})) ==
        names{"/headers/x-api-key duplicate"});
  CHECK(fault_names(with({{"headers", {{"Authorization", "x"}}}})).empty());
}

TEST_CASE("certificates and keys are read, and belong together") {
  const certificates tls;
  const auto& f = tls.folder;
  const auto faults = [](const json& t) { return fault_names(with({{"tls", t}})); };
  CHECK(
      faults(
          {{"caPem", f.read("ca.pem")}, {"clientCertificatePem", f.read("client.pem")}, {"clientKeyPem", f.read("client.key")}})
          .empty());
  CHECK(faults({{"caPem", "none"}}) == names{"/tls/caPem pem"});
  CHECK(faults({{"clientCertificatePem", f.read("client.pem")}}) == names{"/tls/clientKeyPem required"});
  CHECK(faults({{"clientKeyPem", f.read("client.key")}}) == names{"/tls/clientCertificatePem required"});
  CHECK(faults({{"clientCertificatePem", "x"}, {"clientKeyPem", "y"}}) ==
        names{"/tls/clientCertificatePem pem", "/tls/clientKeyPem pem"});
  CHECK(faults({{"clientCertificatePem", f.read("client.pem")}, {"clientKeyPem", f.read("server.key")}}) ==
        names{"/tls/clientKeyPem mismatch"});
}

TEST_CASE("a proxy is reached by HTTP or SOCKS") {
  const auto faults = [](const char* url) { return fault_names(with({{"proxy", {{"url", url}}}})); };
  CHECK(faults("http://proxy:3128").empty());
  CHECK(faults("socks5h://proxy").empty());
  CHECK(faults("socks4://proxy") == names{"/proxy/url scheme"});
  CHECK(faults("http://u:p@proxy") == names{"/proxy/url credentials"});
}

TEST_CASE("signing secrets that the host adds are read, and never quoted") {
  const auto config = [](const char* algorithm, const char* secret) {
    return with({{"signingSecrets", json::array({{{"id", "1"}, {"algorithm", algorithm}, {"secret", secret}}})}});
  };
  CHECK(faults_of(config("hmac-sha256", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).empty());
  const auto faults = faults_of(config("hmac-sha256", "whsec_swordfish!"));
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].pointer == "/signingSecrets/0/secret");
  CHECK(faults[0].message.find("swordfish") == std::string::npos);
}

TEST_CASE("what is no object and values of wrong types are faults, not crashes") {
  for (const auto* text : {"", "[]", "nul", "{", "\"x\"", "{\"url\":", "{}"}) {
    std::vector<seen_fault> faults;
    CHECK(webhook()->validate(to_str(text), &collect_fault, &faults) == WB_REFUSED);
    CHECK_FALSE(faults.empty());
  }
  for (const auto* member : {"url", "method", "headers", "auth", "timeoutMs", "connectTimeoutMs", "nonRetryableStatus", "http2",
                             "tls", "proxy", "bodyFormat", "compression", "referenceHeader", "signingSecrets"})
    for (const auto& value : {json{7.5}, json{nullptr}, json::array({json::object(), 1}), json{{"a", json::array()}}}) {
      auto config = with();
      config[member] = value;
      INFO(config.dump());
      const bool fits = (std::string{member} == "headers" || std::string{member} == "auth" || std::string{member} == "tls") &&
                        value.is_object();
      CHECK((fits || !fault_names(config).empty()));
    }
}

TEST_CASE("a configuration with a fault does not open") {
  fake_context context;
  std::vector<seen_fault> faults;
  wb_handler* handler = reinterpret_cast<wb_handler*>(1);
  CHECK(webhook()->open(to_str(R"({"url":"nowhere"})"), context.raw(), &handler, &collect_fault, &faults) == WB_REFUSED);
  CHECK(handler == nullptr);
  CHECK_FALSE(faults.empty());
}
