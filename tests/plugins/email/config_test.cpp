// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "destination.hpp"
#include "mail_servers.hpp"
#include "tests/plugins/email/corpus.hpp"

using namespace waybill::testing;
using nlohmann::json;
using names = std::vector<std::string>;

namespace {

json good() {
  return {{"provider", {{"type", "smtp"}, {"host", "smtp.example.com"}}},
          {"from", "a@example.com"},
          {"to", {"b@example.com"}},
          {"subject", "s"}};
}

json with_provider(json provider) {
  auto config = good();
  config["provider"] = std::move(provider);
  return config;
}

}  // namespace

TEST_CASE("a good configuration of each provider has no fault") {
  CHECK(fault_names(good()).empty());
  for (const auto& provider :
       {json{{"type", "sendgrid"}, {"apiKey", "k"}},
        json{{"type", "resend"}, {"apiKey", "k"}, {"baseUrl", "http://localhost:1"}},
        json{
            {"type", "ses"}, {"region", "eu-central-1"}, {"accessKeyId", "a"}, {"secretAccessKey", "s"}, {"sessionToken", "t"}},
        json{{"type", "mailgun"}, {"apiKey", "k"}, {"domain", "mg.example.com"}},
        json{{"type", "postmark"}, {"serverToken", "k"}}, json{{"type", "sparkpost"}, {"apiKey", "k"}},
        json{{"type", "graph"}, {"tenantId", "t"}, {"clientId", "c"}, {"clientSecret", "s"}, {"mailbox", "a@example.com"}},
        json{{"type", "custom"}, {"url", "https://x.test/send"}, {"body", R"({"d":"{{attachment.content}}"})"}}})
    CHECK(fault_names(with_provider(provider)).empty());
  const auto& rsa = mail_rsa();
  CHECK(fault_names(with_provider({{"type", "graph"},
                                   {"tenantId", "t"},
                                   {"clientId", "c"},
                                   {"certificatePem", rsa.read("rsa.pem")},
                                   {"keyPem", rsa.read("rsa.key")},
                                   {"mailbox", "a@example.com"}}))
            .empty());
  CHECK(fault_names(with_provider({{"type", "smtp"},
                                   {"host", "smtp.example.com"},
                                   {"auth",
                                    {{"type", "oauth2"},
                                     {"username", "a@example.com"},
                                     {"grant", "jwtBearer"},
                                     {"tokenUrl", "https://oauth2.googleapis.com/token"},
                                     {"issuer", "robot@example.com"},
                                     {"scope", "https://mail.google.com/"},
                                     {"keyPem", rsa.read("rsa.key")}}}}))
            .empty());
}

TEST_CASE("every fault is reported at once, where it is") {
  auto config = good();
  config["provider"] = {{"type", "smtp"}, {"host", "a b"}, {"ehloName", "x y"}, {"envelopeFrom", "x"}, {"port", 0}};
  config["from"] = "nobody";
  config["to"] = {"b@example.com", "c", "{{#open}}"};
  config["replyTo"] = {"a@example.com\r\nBcc: x@example.com"};
  config["subject"] = "{{";
  config["html"] = "{{/x}}";
  config["headers"] = {{"Bcc", "x"}, {"Content-Type", "x"}, {"X Y", "z"}, {"X-A", "{{"}};
  config["attachment"] = {{"filename", "{{#a}}"}, {"maxBytes", 1 << 30}, {"link", {{"expiryHours", 0}}}};
  config["messageIdDomain"] = "x y";
  CHECK(fault_names(config) == names{"/attachment/filename template", "/attachment/link/expiryHours type",
                                     "/attachment/maxBytes range", "/from address", "/headers/Bcc reserved",
                                     "/headers/Content-Type reserved", "/headers/X Y name", "/headers/X-A template",
                                     "/html template", "/messageIdDomain host", "/provider/ehloName host",
                                     "/provider/envelopeFrom address", "/provider/host host", "/provider/port range",
                                     "/replyTo/0 address", "/subject template", "/to/1 address", "/to/2 template"});
}

TEST_CASE("what two members say together is looked at") {
  auto config = good();
  config.erase("to");
  CHECK(fault_names(config) == names{"/to required"});
  config = good();
  config["proxy"] = {{"url", "http://proxy.example.com:3128"}};
  CHECK(fault_names(config) == names{"/proxy proxy"});
  config = good();
  config["provider"]["auth"] = {{"type", "password"}, {"username", "u"}, {"password", "p"}, {"mechanism", "XOAUTH2"}};
  CHECK(fault_names(config) == names{"/provider/auth/mechanism mechanism"});
  config["provider"]["auth"] = {
      {"type", "oauth2"}, {"username", "u"}, {"tokenUrl", "https://x.test"}, {"grant", "refreshToken"}};
  config["provider"]["security"] = "none";
  CHECK(fault_names(config) ==
        names{"/provider/auth/clientId required", "/provider/auth/refreshToken required", "/provider/security security"});
  json custom{{"type", "custom"}, {"url", "https://x.test/"}, {"body", "a={{subject}}"}, {"bodyEncoding", "form"}};
  CHECK(fault_names(with_provider(custom)) == names{"/attachment/mode form"});
  custom["bodyEncoding"] = "json";
  CHECK(fault_names(with_provider(custom)) == names{"/provider/body attachment"});
  const json graph{{"type", "graph"}, {"tenantId", "t"}, {"clientId", "c"}, {"mailbox", "m"}};
  CHECK(fault_names(with_provider(graph)) == names{"/provider/clientSecret required"});
  auto postmark = with_provider({{"type", "postmark"}, {"serverToken", "k"}});
  postmark["attachment"] = {{"maxBytes", 20 * 1'048'576}};
  CHECK(fault_names(postmark) == names{"/attachment/maxBytes range"});
}

TEST_CASE("a value that could end a line is refused in every place") {
  for (const auto& provider :
       {json{{"type", "sendgrid"}, {"apiKey", "a\r\nX: y"}}, json{{"type", "postmark"}, {"serverToken", "a\nb"}},
        json{{"type", "ses"}, {"region", "eu"}, {"accessKeyId", "a\n"}, {"secretAccessKey", "s"}},
        json{{"type", "custom"},
             {"url", "https://x.test/"},
             {"body", "{{attachment.content}}"},
             {"headers", {{"X-A", "a\r\nb"}}}},
        json{
            {"type", "smtp"}, {"host", "h"}, {"auth", {{"type", "password"}, {"username", "a\r\nQUIT"}, {"password", "p"}}}}}) {
    const auto found = fault_names(with_provider(provider));
    REQUIRE(found.size() == 1);
    CHECK(found[0].find(" injection") != std::string::npos);
  }
}

extern "C" int waybill_fuzz_email_config(const std::uint8_t* data, std::size_t size);
TEST_CASE("the corpus of configurations holds") { CHECK(replay("email_config", waybill_fuzz_email_config) >= 5); }
