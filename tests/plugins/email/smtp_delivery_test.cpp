// SPDX-License-Identifier: Apache-2.0
// Mails through the built plugin to a real Exim.
#include <catch2/catch.hpp>

#include "destination.hpp"
#include "mail_servers.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

exim_server& exim() { return exim_server::instance(); }

json to(const std::string& recipient) {
  return {{"provider", exim().provider()},
          {"from", "Reports <reports@sender.test>"},
          {"to", {recipient}},
          {"subject", "Report of {{metadata.department}}"},
          {"text", "Hello {{data.hello}}"},
          {"tls", {{"caPem", mail_tls().folder.read("ca.pem")}}}};
}

json with_auth(json config, const json& auth) {
  config["provider"]["auth"] = auth;
  return config;
}

json password(const char* mechanism, const char* secret = "s3cret pass") {
  return {{"type", "password"}, {"username", "tester"}, {"password", secret}, {"mechanism", mechanism}};
}

}  // namespace

TEST_CASE("a mail arrives whole: envelope, headers, body, attachment") {
  auto config = to("Anna <anna@example.com>");
  config["cc"] = {"carl@example.com"};
  config["bcc"] = {"bert@example.com"};
  config["replyTo"] = {"one@example.com", "Two <two@example.com>"};
  config["html"] = "<p>Hello {{data.hello}}</p>";
  config["headers"] = {{"X-Department", "{{metadata.department}}"}};
  config["attachment"] = {{"filename", "report-{{metadata.department}}.json"}};
  destination d{config};
  const auto seen = d.deliver();
  INFO(seen.detail << seen.response);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(seen.code == 250);
  CHECK(seen.external_reference == "<tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2@sender.test>");
  const auto raw = exim().mails_to("anna@example.com").at(0);
  const auto mail = read_mail(raw);
  CHECK(mail["defects"].empty());
  CHECK(mail["headers"]["subject"][0] == "Report of audit");
  CHECK(mail["headers"]["message-id"][0] == seen.external_reference);
  CHECK(mail["headers"]["x-department"][0] == "audit");
  CHECK(mail["addresses"]["from"] == json::parse(R"([["Reports","reports@sender.test"]])"));
  CHECK(mail["addresses"]["to"] == json::parse(R"([["Anna","anna@example.com"]])"));
  CHECK(mail["addresses"]["cc"] == json::parse(R"([["","carl@example.com"]])"));
  CHECK(mail["addresses"]["reply-to"] == json::parse(R"([["","one@example.com"],["Two","two@example.com"]])"));
  CHECK(mail["addresses"]["bcc"].empty());
  CHECK(mail["text"] == "Hello world");
  CHECK(mail["html"] == "<p>Hello world</p>");
  REQUIRE(mail["attachments"].size() == 1);
  CHECK(mail["attachments"][0]["filename"] == "report-audit.json");
  CHECK(mail["attachments"][0]["type"] == "application/json");
  CHECK(mail["attachments"][0]["size"] == 17);
  CHECK(raw.find("Return-path: <reports@sender.test>") != std::string::npos);
  CHECK(exim().mails_to("carl@example.com").size() == 1);
  CHECK(exim().mails_to("bert@example.com").size() == 1);
}

TEST_CASE("every mechanism of a password logs in, and none with a wrong one") {
  for (const auto* mechanism : {"auto", "PLAIN", "LOGIN", "CRAM-MD5"}) {
    INFO(mechanism);
    destination good{with_auth(to("mechanism@example.com"), password(mechanism))};
    CHECK(good.deliver().action == WB_ACTION_DELIVERED);
    destination bad{with_auth(to("mechanism@example.com"), password(mechanism, "wrong password"))};
    const auto seen = bad.deliver();
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
    CHECK(seen.code == 535);
    CHECK((seen.request + seen.response + seen.detail).find("wrong password") == std::string::npos);
  }
}

TEST_CASE("TLS from the start, a certificate of our own, and no password") {
  auto config = to("certificate@example.com");
  config["provider"]["port"] = exim().tls_port();
  config["provider"]["security"] = "tls";
  CHECK(destination{config}.deliver().action == WB_ACTION_DELIVERED);
  config["provider"].erase("auth");
  CHECK(destination{config}.deliver().code == 530);
  config["tls"]["clientCertificatePem"] = mail_tls().folder.read("client.pem");
  config["tls"]["clientKeyPem"] = mail_tls().folder.read("client.key");
  const auto seen = destination{config}.deliver();
  CHECK(seen.action == WB_ACTION_DELIVERED);
  CHECK(json::parse(seen.response)["protection"].get<std::string>().find("TLSv1.3") == 0);
}

TEST_CASE("a server that cannot be trusted gets nothing") {
  auto config = to("stranger@example.com");
  config["tls"]["caPem"] = mail_tls().folder.read("other-ca.pem");
  for (const auto* security : {"starttls", "tls"}) {
    config["provider"]["security"] = security;
    config["provider"]["port"] = security == std::string{"tls"} ? exim().tls_port() : exim().port();
    const auto seen = destination{config}.deliver();
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_NETWORK);
    CHECK(seen.detail.find("certificate") != std::string::npos);
  }
  config = to("stranger@example.com");
  config["provider"]["host"] = "localhost.localdomain";
  // The name resolves to nothing or to the loopback; either way it is not the certificate's.
  CHECK(destination{config}.deliver().category == WB_CATEGORY_NETWORK);
}

TEST_CASE("replies become the outcomes that README.md promises") {
  struct row {
    const char* recipient;
    std::uint32_t action, category;
    std::int32_t code;
  };
  exim().open(false);
  for (const auto& r : std::vector<row>{{"nouser@example.com", WB_ACTION_REJECT, WB_CATEGORY_VALIDATION, 550},
                                        {"full@example.com", WB_ACTION_REJECT, WB_CATEGORY_VALIDATION, 552},
                                        {"greylist@example.com", WB_ACTION_RETRY, WB_CATEGORY_REMOTE, 451}}) {
    const auto seen = destination{to(r.recipient)}.deliver();
    INFO(r.recipient << " " << seen.detail);
    CHECK(seen.action == r.action);
    CHECK(seen.category == r.category);
    CHECK(seen.code == r.code);
    const auto one = json::parse(seen.response)["recipients"][0];
    CHECK(one["address"] == r.recipient);
    CHECK(one["code"] == r.code);
    CHECK(one["accepted"] == false);
  }
  auto config = to("anybody@example.com");
  config["subject"] = "refuse me";
  const auto refused = destination{config}.deliver();
  CHECK(refused.action == WB_ACTION_REJECT);
  CHECK(refused.code == 554);
  CHECK(refused.detail.find("we do not want this") != std::string::npos);
  config = to("plain@example.com");
  config["provider"].erase("auth");
  CHECK(destination{config}.deliver().category == WB_CATEGORY_AUTHENTICATION);
}

TEST_CASE("a greylisted recipient gets the mail later, the others once, all with one Message-ID") {
  exim().open(false);
  auto config = to("greylist@example.com");
  config["cc"] = {"prompt@example.com"};
  destination d{config};
  fake_delivery what;
  what.task_id = "tsk_greylisted";
  const auto first = d.deliver(what);
  CHECK(first.action == WB_ACTION_RETRY);
  CHECK(first.code == 451);
  CHECK(first.retry_after_ms == 300'000);
  CHECK(first.detail.find("1 of 2 recipients") == 0);
  REQUIRE(exim().mails_to("prompt@example.com").size() == 1);
  exim().open(true);
  what.attempt = 2;
  const auto second = d.deliver(what);
  CHECK(second.action == WB_ACTION_DELIVERED);
  const auto late = exim().mails_to("greylist@example.com");
  REQUIRE(late.size() == 1);
  CHECK(late[0].find("Message-Id: <tsk_greylisted@sender.test>") != std::string::npos);
  CHECK(exim().mails_to("prompt@example.com").size() == 1);
  exim().open(false);
}

TEST_CASE("a partial refusal for good is delivered with a report, or failed if that is asked for") {
  auto config = to("kept@example.com");
  config["to"] = {"kept@example.com", "nouser@example.com", "full@example.com"};
  const auto delivered = destination{config}.deliver();
  CHECK(delivered.action == WB_ACTION_DELIVERED);
  CHECK(delivered.detail.find("2 of 3 recipients refused: 550") == 0);
  const auto recipients = json::parse(delivered.response)["recipients"];
  REQUIRE(recipients.size() == 3);
  CHECK(recipients[0]["address"] == "nouser@example.com");
  CHECK(recipients[0]["enhanced"] == "5.1.1");
  CHECK(recipients[1]["code"] == 552);
  CHECK(recipients[2]["accepted"] == true);
  config["provider"]["onPartialRefusal"] = "fail";
  config["to"][0] = "failed@example.com";
  CHECK(destination{config}.deliver().action == WB_ACTION_REJECT);
  CHECK(exim().mails_to("failed@example.com").size() == 1);
}

TEST_CASE("an attachment of 20 MiB streams") {
  destination d{to("large@example.com")};
  fake_delivery what;
  what.content_type = "text/csv";
  what.filename = "rows.csv";
  what.size = 20 * 1'048'576;
  what.generated = [](std::uint64_t at) { return at % 64 == 63 ? '\n' : at % 64 == 0 ? '.' : 'x'; };
  what.timeout_ms = 60'000;
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  const auto mail = read_mail(exim().mails_to("large@example.com").at(0));
  CHECK(mail["defects"].empty());
  CHECK(mail["attachments"][0]["size"] == what.size);
  CHECK(mail["attachments"][0]["filename"] == "rows.csv");
}

TEST_CASE("content that cannot be read fails the mail, and no half of it arrives") {
  destination d{to("half@example.com")};
  fake_delivery what;
  what.size = 4 * 1'048'576;
  what.generated = [](std::uint64_t) { return 'x'; };
  what.fails_at = 2 * 1'048'576;
  const auto seen = d.deliver(what);
  CHECK(seen.action == WB_ACTION_RETRY);
  CHECK(seen.category == WB_CATEGORY_SYSTEM);
  CHECK(destination{to("whole@example.com")}.deliver().action == WB_ACTION_DELIVERED);
  static_cast<void>(exim().mails_to("whole@example.com"));
  CHECK(exim().mails_to("half@example.com", 0).empty());
}

TEST_CASE("the connection test logs in and asks for the sender, and leaves nothing") {
  destination good{to("test@example.com")};
  CHECK(good.test().action == WB_ACTION_DELIVERED);
  const auto bad = destination{with_auth(to("test@example.com"), password("auto", "wrong password"))}.test();
  CHECK(bad.category == WB_CATEGORY_AUTHENTICATION);
  auto config = to("test@example.com");
  config["provider"]["port"] = free_port();
  CHECK(destination{config}.test().category == WB_CATEGORY_NETWORK);
  CHECK(good.deliver().action == WB_ACTION_DELIVERED);
  CHECK(exim().mails_to("test@example.com").size() == 1);
}

TEST_CASE("the network guard is asked for every connection, and again before one is reused") {
  destination d{to("guarded@example.com")};
  REQUIRE(d.deliver().action == WB_ACTION_DELIVERED);
  d.context.guard = [](auto...) { return false; };
  for (const auto& seen : {d.deliver(), d.test()}) {
    CHECK(seen.action == WB_ACTION_RETRY);
    CHECK(seen.category == WB_CATEGORY_NETWORK);
    CHECK(seen.detail.find("network.allow") != std::string::npos);
  }
}

TEST_CASE("no line of a template becomes a header or a recipient") {
  auto config = to("victim@example.com");
  config["subject"] = "Hello {{metadata.evil}}";
  config["headers"] = {{"X-Note", "{{metadata.evil}}"}};
  config["attachment"] = {{"filename", "{{metadata.evil}}.txt"}, {"contentType", "text/plain"}};
  destination d{config};
  fake_delivery what;
  what.metadata = R"({"evil":"a\r\nBcc: other@example.com\r\n\r\nbody\u0000 \"quoted\" x"})";
  const auto seen = d.deliver(what);
  INFO(seen.detail);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  const auto raw = exim().mails_to("victim@example.com").at(0);
  const auto mail = read_mail(raw);
  CHECK(mail["defects"].empty());
  CHECK(mail["addresses"]["bcc"].empty());
  CHECK_FALSE(mail["headers"].contains("bcc"));
  CHECK(mail["headers"]["subject"][0] == "Hello a Bcc: other@example.com body \"quoted\" x");
  CHECK(mail["headers"]["x-note"][0] == "a Bcc: other@example.com body \"quoted\" x");
  CHECK(mail["text"] == "Hello world");
  CHECK(exim().mails_to("other@example.com", 0).empty());
  config["to"] = {"{{{metadata.evil}}}"};
  destination refuses{config};
  for (const auto* evil :
       {"a@example.com>\r\nRCPT TO:<b@example.com", "a@example.com\r\nDATA", "a b@example.com", "@", "a@-x", "a@x>b"}) {
    fake_delivery bad;
    bad.metadata = json{{"evil", evil}}.dump();
    const auto refused = refuses.deliver(bad);
    CHECK(refused.action == WB_ACTION_REJECT);
    CHECK(refused.category == WB_CATEGORY_VALIDATION);
  }
}

TEST_CASE("many recipients of one mail") {
  auto config = to("many0@example.com");
  for (int i = 1; i < 500; ++i) config["bcc"].push_back("many" + std::to_string(i) + "@example.com");
  config["bcc"].push_back("nouser@example.com");
  const auto seen = destination{config}.deliver();
  INFO(seen.detail);
  CHECK(seen.action == WB_ACTION_DELIVERED);
  CHECK(json::parse(seen.request)["recipientCount"] == 501);
  CHECK(seen.detail.find("1 of 501") == 0);
  CHECK(exim().mails_to("many499@example.com").size() == 1);
}
