// SPDX-License-Identifier: Apache-2.0
// An HTTP API told by templates.
#include <catch2/catch.hpp>

#include "destination.hpp"
#include "mail_apis.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

json config_with(const json& more = json::object()) {
  json provider{
      {"type", "custom"},
      {"url", mail_apis::instance().url("/custom/send")},
      {"body",
       R"({"to":[{{#to}}{"a":"{{address}}"{{#name}},"n":"{{name}}"{{/name}}}{{^last}},{{/last}}{{/to}}],"from":"{{from.full}}",)"
       R"("subject":"{{subject}}","text":"{{text}}","id":"{{messageId}}")"
       R"({{#attachment}},"file":{"name":"{{filename}}","type":"{{contentType}}","data":"{{attachment.content}}"}{{/attachment}}})"},
      {"auth", {{"type", "apiKey"}, {"header", "X-Mail-Key"}, {"value", "custom key"}}},
      {"headers", {{"X-Tenant", "tenant-secret"}}},
      {"referencePointer", "/result/ids/0"},
      {"errorPointer", "/problem/text"}};
  provider.update(more);
  return {{"provider", provider},
          {"from", "Reports <reports@example.com>"},
          {"to", {"Anna <a@example.com>", "b@example.com"}},
          {"subject", "\"quoted\" {{metadata.department}} \\"},
          {"text", "line\nline"}};
}

}  // namespace

TEST_CASE("a body from a template arrives as JSON with the content in it") {
  auto& apis = mail_apis::instance();
  const auto seen = destination{config_with()}.deliver();
  INFO(seen.detail << seen.response);
  REQUIRE(seen.action == WB_ACTION_DELIVERED);
  CHECK(seen.code == 201);
  CHECK(seen.external_reference.find("custom-") == 0);
  const auto mail = apis.mails().back()["mail"];
  CHECK(mail["to"] == json::parse(R"([{"a":"a@example.com","n":"Anna"},{"a":"b@example.com"}])"));
  CHECK(mail["subject"] == "\"quoted\" audit \\");
  CHECK(mail["text"] == "line\nline");
  CHECK(mail["file"]["size"] == 17);
  CHECK(seen.request.find("tenant-secret") == std::string::npos);
  CHECK(seen.request.find("custom key") == std::string::npos);
}

TEST_CASE("content that streams goes into the template's place") {
  fake_delivery what;
  what.size = 5 * 1'048'576;
  what.generated = [](std::uint64_t at) { return static_cast<char>(at); };
  what.filename = "big.bin";
  REQUIRE(destination{config_with({{"method", "PUT"}})}.deliver(what).action == WB_ACTION_DELIVERED);
  const auto got = mail_apis::instance().mails().back();
  CHECK(got["method"] == "PUT");
  CHECK(got["mail"]["file"]["size"] == what.size);
}

TEST_CASE("a form, the other kinds of authentication, and a reference from a header") {
  for (const auto& auth : {json{{"type", "bearer"}, {"token", "custom-token"}},
                           json{{"type", "basic"}, {"username", "user"}, {"password", "custom-password"}}}) {
    auto config = config_with({{"auth", auth},
                               {"bodyEncoding", "form"},
                               {"body", "to={{#to}}{{address}}{{^last}},{{/last}}{{/to}}&subject={{subject}}&text={{text}}"},
                               {"referenceHeader", "X-Mail-Id"}});
    config["attachment"] = {{"mode", "never"}};
    const auto seen = destination{config}.deliver();
    INFO(seen.detail);
    REQUIRE(seen.action == WB_ACTION_DELIVERED);
    CHECK(seen.external_reference.find("header-") == 0);
    const auto mail = mail_apis::instance().mails().back()["mail"];
    CHECK(mail["to"] == "a@example.com,b@example.com");
    CHECK(mail["subject"] == "\"quoted\" audit \\");
    CHECK(mail["text"] == "line\nline");
  }
}

TEST_CASE("a template that yields no JSON rejects the delivery, and a refusal is quoted from where it stands") {
  const auto broken = destination{config_with({{"body", R"({"a":{{subject}},"b":"{{attachment.content}}"})"}})}.deliver();
  CHECK(broken.action == WB_ACTION_REJECT);
  CHECK(broken.category == WB_CATEGORY_VALIDATION);
  const auto denied = destination{config_with({{"auth", {{"type", "bearer"}, {"token", "wrong token"}}}})}.deliver();
  CHECK(denied.category == WB_CATEGORY_AUTHENTICATION);
  CHECK(denied.detail == "the provider answered 401: who are you");
}

TEST_CASE("the connection test asks what it is told to, or for the options of the URL") {
  CHECK(destination{config_with()}.test().action == WB_ACTION_DELIVERED);
  const json ping{{"method", "GET"}, {"url", mail_apis::instance().url("/custom/ping")}};
  CHECK(destination{config_with({{"test", ping}})}.test().code == 204);
  const json nowhere{{"method", "GET"}, {"url", mail_apis::instance().url("/nowhere")}};
  CHECK(destination{config_with({{"test", nowhere}})}.test().category == WB_CATEGORY_CONFIGURATION);
}
