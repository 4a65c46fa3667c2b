// SPDX-License-Identifier: Apache-2.0
// Mails through the built plugin to local servers that check what the providers' own check.
#include <catch2/catch.hpp>

#include "../node_program.hpp"
#include "destination.hpp"
#include "mail_apis.hpp"
#include "mail_servers.hpp"
#include "tests/plugins/email/corpus.hpp"

using namespace waybill::testing;
using nlohmann::json;

namespace {

constexpr auto content_hash = "93a23971a914e5eacbf0a8d25154cda309c3c1c72fbb9914d47c60f3cb681588";  // {"hello":"world"}

json mail_by(const json& provider) {
  return {{"provider", provider},
          {"from", "Zoë Reports <reports@example.com>"},
          {"to", {"Anna, of one <a@example.com>"}},
          {"subject", "Report {{metadata.department}} \"ü\""},
          {"text", "Hello\n{{data.hello}}"}};
}

json usual(const json& provider) {
  auto config = mail_by(provider);
  config["to"] = {"\"Anna, of one\" <a@example.com>", "b@example.com"};
  config["cc"] = {"Carl <c@example.com>"};
  config["bcc"] = {"d@example.com"};
  config["replyTo"] = {"answers@example.com"};
  config["text"] = "Hello\n{{data.hello}}";
  config["html"] = "<p>{{data.hello}}</p>";
  config["headers"] = {{"X-Department", "{{metadata.department}}"}};
  config["attachment"] = {{"filename", "{{metadata.department}}.json"}};
  return config;
}

}  // namespace

TEST_CASE("each provider takes a mail with everything in it, under an id of its own") {
  auto& apis = mail_apis::instance();
  for (const auto& p : apis.providers()) {
    INFO(p["type"]);
    fake_delivery what;
    what.idempotency_key = "everything";
    const auto seen = destination{usual(p)}.deliver(what);
    INFO(seen.detail << " " << seen.response);
    REQUIRE(seen.action == WB_ACTION_DELIVERED);
    CHECK(seen.external_reference == apis.reference_of(p["type"], apis.mails().size()));
    const auto got = apis.mails().back();
    CHECK(got["provider"] == p["type"]);
    const auto text = got.dump();
    if (got.contains("raw")) {
      const auto mail = read_mail(got["raw"]);
      CHECK(mail["defects"].empty());
      CHECK(mail["headers"]["subject"][0] == "Report audit \"ü\"");
      CHECK(mail["headers"]["message-id"][0] == "<tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2@example.com>");
      CHECK(mail["text"] == "Hello\nworld");
      CHECK(mail["attachments"][0]["sha256"] == content_hash);
      CHECK(mail["addresses"]["bcc"].size() == (p["type"] == "graph" ? 1 : 0));
    } else {
      for (const auto* part :
           {"Zoë Reports", "Anna, of one", "a@example.com", "b@example.com", "c@example.com", "d@example.com",
            "answers@example.com", "X-Department", "<p>world</p>", "tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2@example.com"}) {
        INFO(part << " in " << text);
        CHECK(text.find(part) != std::string::npos);
      }
      CHECK(text.find("Hello\\nworld") != std::string::npos);
      REQUIRE(got["attachments"].size() == 1);
      CHECK(got["attachments"][0]["sha256"] == content_hash);
      CHECK(got["attachments"][0]["name"] == "audit.json");
      CHECK(got["attachments"][0]["type"] == "application/json");
    }
    CHECK(json::parse(seen.request)["messageId"] == "<tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2@example.com>");
  }
}

TEST_CASE("each provider takes a mail with next to nothing in it") {
  for (const auto& p : mail_apis::instance().providers()) {
    INFO(p["type"]);
    auto config = mail_by(p);
    config["text"] = "";
    config["to"] = {"a@example.com"};
    config["attachment"] = {{"mode", "never"}};
    fake_delivery what;
    what.idempotency_key = "nothing";
    const auto seen = destination{config}.deliver(what);
    INFO(seen.detail << " " << seen.response);
    CHECK(seen.action == WB_ACTION_DELIVERED);
  }
}

TEST_CASE("wrong credentials are an authentication failure, without a word of them") {
  for (auto p : mail_apis::instance().providers()) {
    INFO(p["type"]);
    for (const auto* name : {"apiKey", "serverToken", "secretAccessKey", "clientSecret"})
      if (p.contains(name)) p[name] = "wrong-and-secret";
    destination d{usual(p)};
    fake_delivery what;
    what.idempotency_key = "wrong";
    for (const auto& seen : {d.deliver(what), d.test()}) {
      INFO(seen.detail);
      CHECK(seen.action != WB_ACTION_DELIVERED);
      CHECK(seen.category == WB_CATEGORY_AUTHENTICATION);
      CHECK((seen.request + seen.response + seen.detail + seen.message).find("wrong-and-secret") == std::string::npos);
    }
  }
}

TEST_CASE("the connection test of each provider passes and sends nothing") {
  auto& apis = mail_apis::instance();
  const auto before = apis.mails().size();
  for (const auto& p : apis.providers()) {
    const auto seen = destination{usual(p)}.test();
    INFO(p["type"] << " " << seen.detail);
    CHECK(seen.action == WB_ACTION_DELIVERED);
  }
  CHECK(apis.mails().size() == before);
}

TEST_CASE("answers become the outcomes that README.md promises, from every provider") {
  struct row {
    int status;
    std::uint32_t action, category;
  };
  auto& apis = mail_apis::instance();
  for (const auto& p : apis.providers()) {
    destination d{usual(p)};
    REQUIRE(d.deliver().action == WB_ACTION_DELIVERED);  // a token is there
    for (const auto& r : std::vector<row>{{302, WB_ACTION_RETRY, WB_CATEGORY_REMOTE},
                                          {400, WB_ACTION_REJECT, WB_CATEGORY_VALIDATION},
                                          {403, WB_ACTION_RETRY, WB_CATEGORY_AUTHENTICATION},
                                          {404, WB_ACTION_RETRY, WB_CATEGORY_CONFIGURATION},
                                          {413, WB_ACTION_REJECT, WB_CATEGORY_VALIDATION},
                                          {422, WB_ACTION_REJECT, WB_CATEGORY_VALIDATION},
                                          {429, WB_ACTION_THROTTLED, WB_CATEGORY_RATE_LIMIT},
                                          {500, WB_ACTION_RETRY, WB_CATEGORY_REMOTE},
                                          {503, WB_ACTION_RETRY, WB_CATEGORY_REMOTE},
                                          {504, WB_ACTION_RETRY, WB_CATEGORY_TIMEOUT}}) {
      apis.fail_next(r.status, 7);
      const auto seen = d.deliver();
      INFO(p["type"] << " " << r.status << " " << seen.detail);
      CHECK(seen.action == r.action);
      CHECK(seen.category == r.category);
      CHECK(seen.code == r.status);
      CHECK(seen.retry_after_ms == (r.status == 429 || r.status == 503 ? 7'000 : 0));
    }
  }
}

TEST_CASE("an attachment of 20 MiB streams to each provider that takes one") {
  auto& apis = mail_apis::instance();
  for (const auto& p : apis.providers()) {
    fake_delivery what;
    const std::string type = p["type"];
    const std::uint64_t mebibytes = type == "postmark" ? 7 : type == "sparkpost" ? 14 : type == "graph" ? 2 : 20;
    what.size = mebibytes * 1'048'576;
    what.generated = [](std::uint64_t at) { return static_cast<char>(at * 7 + at / 4'096); };
    what.content_type = "application/octet-stream";
    what.idempotency_key = "large-" + type;
    what.timeout_ms = 60'000;
    auto config = usual(p);
    config["attachment"]["filename"] = "rows.bin";
    const auto seen = destination{config}.deliver(what);
    INFO(type << " " << seen.detail);
    REQUIRE(seen.action == WB_ACTION_DELIVERED);
    const auto got = apis.mails().back();
    if (got.contains("rawSize"))
      CHECK(got["rawSize"] > what.size * 4 / 3);
    else
      CHECK(got["attachments"][0]["size"] == what.size);
  }
}

TEST_CASE("a mail that is tried again through Resend is one mail") {
  auto& apis = mail_apis::instance();
  destination d{usual(apis.provider("resend"))};
  fake_delivery what;
  what.idempotency_key = "again";
  const auto first = d.deliver(what);
  const auto count = apis.mails().size();
  what.attempt = 2;
  CHECK(d.deliver(what).external_reference == first.external_reference);
  CHECK(apis.mails().size() == count);
}

TEST_CASE("what looks like SparkPost's own templates arrives as it is written") {
  auto& apis = mail_apis::instance();
  auto config = mail_by(apis.provider("sparkpost"));
  config["to"] = {"a@example.com"};
  config["text"] = "{{metadata.curly}}";
  fake_delivery what;
  what.metadata = R"({"curly":"{{ address.name }} {{{x}}}","department":"x"})";
  REQUIRE(destination{config}.deliver(what).action == WB_ACTION_DELIVERED);
  CHECK(apis.mails().back()["content"]["text"] ==
        "{{opening_double_curly()}} address.name {{closing_double_curly()}} "
        "{{opening_double_curly()}}{x{{closing_double_curly()}}}");
}

TEST_CASE("a refused token of Graph is fetched anew within the attempt, and a certificate does as well as a secret") {
  auto& apis = mail_apis::instance();
  destination d{usual(apis.provider("graph"))};
  REQUIRE(d.deliver().action == WB_ACTION_DELIVERED);
  auto p = apis.provider("graph");
  p.erase("clientSecret");
  p["certificatePem"] = mail_rsa().read("rsa.pem");
  p["keyPem"] = mail_rsa().read("rsa.key");
  // The server takes only the newest token: the first destination's is refused once.
  REQUIRE(destination{usual(p)}.deliver().action == WB_ACTION_DELIVERED);
  CHECK(d.deliver().action == WB_ACTION_DELIVERED);
}

TEST_CASE("the network guard holds for every provider") {
  for (const auto& p : mail_apis::instance().providers()) {
    destination d{usual(p)};
    d.context.guard = [](auto...) { return false; };
    for (const auto& seen : {d.deliver(), d.test()}) {
      INFO(p["type"] << " " << seen.detail);
      CHECK(seen.action == WB_ACTION_RETRY);
      CHECK(seen.category == WB_CATEGORY_NETWORK);
    }
  }
}

extern "C" int waybill_fuzz_email_answer(const std::uint8_t* data, std::size_t size);
TEST_CASE("the corpus of providers' answers holds") { CHECK(replay("email_answer", waybill_fuzz_email_answer) >= 5); }
