// SPDX-License-Identifier: Apache-2.0
// Messages as Python's email package reads them.
#include <catch2/catch.hpp>

#include "destination.hpp"
#include "plugins/email/mime.hpp"

using namespace waybill::email;
using waybill::testing::read_mail;

namespace {

mail usual() {
  mail m;
  m.from = {"Reports", "reports", "example.com"};
  m.to = {{"", "a", "example.org"}};
  m.subject = "s";
  m.text = "text";
  m.message_id = "tsk_1@example.com";
  m.date_ms = 1'769'850'900'123;
  return m;
}

nlohmann::json read(const mail& m, const std::string& content = "", bcc_header bcc = bcc_header::leave_out) {
  std::string why;
  auto frame = make_mime(m, bcc, why);
  REQUIRE(frame.has_value());
  const auto whole = mime_source(std::move(*frame), text_source(content));
  const auto raw = read_all(*whole);
  REQUIRE(raw.has_value());
  auto out = read_mail(*raw);
  CHECK(out["ascii"] == true);
  CHECK(out["crlf"] == true);
  CHECK(out["defects"].empty());
  out["raw"] = *raw;
  return out;
}

}  // namespace

TEST_CASE("names, subjects and texts of any language survive") {
  auto m = usual();
  m.from.name = "Zoë 報告";
  m.to = {{"Müller, \"J\" <x>", "j", "xn--mller-kva.de"}, {"Smith, John", "s", "example.org"}};
  m.subject = "Ein sehr langer Betreff für März — " + std::string(40, 'x') + " ✓ 報告書 " + std::string(60, 'y') + " Ende";
  m.text = "Häl lo\n.dot\nFrom here\r\n" + std::string(200, 'z') + "\ntrailing space \n=?utf-8?q?x?=\n";
  m.html = "<p>Häl\nlo</p>";
  const auto seen = read(m);
  CHECK(seen["addresses"]["from"][0][0] == m.from.name);
  CHECK(seen["addresses"]["to"][0][0] == m.to[0].name);
  CHECK(seen["addresses"]["to"][1][0] == "Smith, John");
  CHECK(seen["headers"]["subject"][0] == m.subject);
  CHECK(seen["html"] == m.html);
  std::string text = m.text;
  text.erase(text.find('\r'), 1);
  CHECK(seen["text"] == text);
  CHECK(seen["longestLine"].get<int>() <= 120);
}

TEST_CASE("an attachment keeps its name, type and bytes") {
  for (const std::string name :
       {"report.csv", "Übersicht März 2026, with a name that is far too long for one line of a header.csv", "a;b=c 'd'.txt"}) {
    auto m = usual();
    m.attachment = attached_file{name, "text/csv", 0};
    std::string content;
    for (int i = 0; i < 1'000; ++i) content += static_cast<char>(i);
    const auto seen = read(m, content);
    REQUIRE(seen["attachments"].size() == 1);
    CHECK(seen["attachments"][0]["filename"] == name);
    CHECK(seen["attachments"][0]["type"] == "text/csv");
    CHECK(seen["attachments"][0]["size"] == content.size());
    CHECK(seen["text"] == "text");
    CHECK(read(m, "")["attachments"][0]["size"] == 0);
  }
}

TEST_CASE("headers of the configuration are folded and encoded, long words are left whole") {
  auto m = usual();
  const std::string url = "<https://example.com/" + std::string(150, 'u') + ">";
  m.headers = {{"List-Unsubscribe", url},
               {"X-Words", "one two " + std::string(60, 'w') + " three " + std::string(60, 'v')},
               {"X-Utf", "für alle"}};
  m.reply_to = {{"", "one", "example.com"}, {"Zwei, ü", "two", "example.com"}};
  const auto seen = read(m);
  CHECK(seen["headers"]["list-unsubscribe"][0] == url);
  CHECK(seen["headers"]["x-words"][0] == m.headers[1].second);
  CHECK(seen["headers"]["x-utf"][0] == "für alle");
  CHECK(seen["addresses"]["reply-to"][1][0] == "Zwei, ü");
  CHECK(seen["headers"]["auto-submitted"][0] == "auto-generated");
}

TEST_CASE("blind copies stand in the message only where there is no envelope") {
  auto m = usual();
  m.bcc = {{"", "hidden", "example.com"}};
  CHECK(read(m)["addresses"]["bcc"].empty());
  CHECK(read(m, "", bcc_header::write)["addresses"]["bcc"][0][1] == "hidden@example.com");
}

TEST_CASE("the message is the same at every attempt, and its size is known before") {
  auto m = usual();
  m.html = "<p>x</p>";
  m.attachment = attached_file{"a", "text/plain", 100};
  std::string why;
  auto one = make_mime(m, bcc_header::leave_out, why);
  auto two = make_mime(m, bcc_header::leave_out, why);
  REQUIRE((one && two));
  CHECK(one->before == two->before);
  for (const std::size_t size : {0u, 1u, 56u, 57u, 58u, 57u * 1'024u, 57u * 1'024u + 1u, 300'000u}) {
    const auto source = mime_source(*one, text_source(std::string(size, 'x')));
    std::string out;
    char piece[1'000];
    for (int round = 0; round < 2; ++round) {
      out.clear();
      REQUIRE(source->rewind());
      for (auto got = source->read(piece, sizeof piece); got && *got > 0; got = source->read(piece, sizeof piece))
        out.append(piece, *got);
    }
    CHECK(out.size() == source->size());
    CHECK(read_all(*source) == out);
  }
}
