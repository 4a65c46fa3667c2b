// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "plugins/email/mail.hpp"

#include "../fake_host.hpp"

using namespace waybill::email;
using namespace waybill;
using testing::fake_delivery;

namespace {

config usual() {
  config c;
  c.from = {"", "reports", "example.com"};
  c.to = {"a@example.com"};
  c.subject = "s";
  c.attachment.max_bytes = 1'000;
  return c;
}

mail made(const config& c, fake_delivery& what, const std::string& link = "") {
  std::string why;
  auto out = mail_maker{c}.make(sdk::delivery{what.fill()}, link, why);
  INFO(why);
  REQUIRE(out.has_value());
  return *out;
}

std::string why_not(const config& c, fake_delivery& what) {
  std::string why;
  CHECK_FALSE(mail_maker{c}.make(sdk::delivery{what.fill()}, "", why).has_value());
  return why;
}

}  // namespace

TEST_CASE("templates see the delivery, its metadata and its content") {
  auto c = usual();
  c.subject = "{{filename}} {{metadata.department}} {{readableSize}}";
  c.text =
      "{{deliveryId}} {{taskId}} {{organizationId}} {{correlationId}} {{payloadType}} {{contentType}} {{size}} {{createdAt}} "
      "{{sha256}}";
  c.html = "{{data.hello}}{{{data.hello}}}";
  c.to = {"{{metadata.email}}", "Second <{{metadata.email}}>"};
  fake_delivery what;
  what.metadata = R"({"department":"audit","email":"x@example.com"})";
  what.content = R"({"hello":"<w>"})";
  const auto m = made(c, what);
  CHECK(m.subject == "report.json audit 15 bytes");
  CHECK(
      m.text.find("dlv_01HV4Z8M4XK2Q8R7T6S5P4N3M2 tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2 org_01HV4Z8M4XK2Q8R7T6S5P4N3M2 corr-1 report "
                  "application/json 15 2026-01-31T09:15:00Z 0000") == 0);
  CHECK(m.html == "&lt;w&gt;<w>");
  CHECK(m.recipients() == std::vector<std::string>{"x@example.com"});
  CHECK(m.message_id == "tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2@example.com");
  what.content_type = "text/plain; charset=utf-8";
  what.content = "plain";
  c.html = "{{data}}";
  CHECK(made(c, what).html == "plain");
  what.streamed = true;
  CHECK(made(c, what).html.empty());
}

TEST_CASE("a subject, a file name and a media type hold nothing that could end a line") {
  auto c = usual();
  c.subject = "a\r\n b\t{{metadata.x}} ";
  c.attachment.filename = "../{{metadata.x}}\"c.txt";
  c.attachment.content_type = "Text/Plain; name={{metadata.x}}";
  fake_delivery what;
  what.metadata = R"({"x":"1\r\nX: 2\u0000"})";
  const auto m = made(c, what);
  CHECK(m.subject == "a b 1 X: 2");
  CHECK(m.attachment->filename == "1 X: 2 c.txt");
  CHECK(m.attachment->content_type == "text/plain");
  c.attachment.content_type = "{{metadata.x}}";
  CHECK(why_not(c, what).find("media type") != std::string::npos);
  c = usual();
  c.attachment.filename = std::string(300, 'x') + ".csv";
  CHECK(made(c, what).attachment->filename.size() == 200);
  CHECK(made(c, what).attachment->filename.substr(196) == ".csv");
}

TEST_CASE("who stands in several lists gets one mail") {
  auto c = usual();
  c.to = {"a@example.com", "A@Example.com", "b@example.com"};
  c.cc = {"b@example.com, c@example.com"};
  c.bcc = {"a@example.com", "d@example.com"};
  fake_delivery what;
  CHECK(made(c, what).recipients() ==
        std::vector<std::string>{"a@example.com", "b@example.com", "c@example.com", "d@example.com"});
}

TEST_CASE("a mail without a recipient or with too many is refused") {
  auto c = usual();
  c.to = {"{{metadata.none}}"};
  fake_delivery what;
  CHECK(why_not(c, what) == "The mail has no recipient.");
  c.to = {"{{#metadata.list}}a{{.}}@example.com,{{/metadata.list}}z@example.com"};
  what.metadata = R"({"list":[)";
  for (int i = 0; i < 1'000; ++i) what.metadata += std::to_string(i) + (i < 999 ? "," : "]}");
  CHECK(why_not(c, what) == "The mail has more than 1,000 recipients.");
}

TEST_CASE("content above the limit goes as a link, which no mail lacks") {
  auto c = usual();
  fake_delivery what;
  what.content = std::string(1'001, 'x');
  what.filename = "big.csv";
  const mail_maker maker{c};
  CHECK(maker.needs_link(sdk::delivery{what.fill()}));
  CHECK_FALSE(maker.too_large(sdk::delivery{what.fill()}));
  c.text = "Hello";
  c.html = "<b>Hello</b>";
  auto m = made(c, what, "https://x.test/d/1?a&b");
  CHECK_FALSE(m.attachment.has_value());
  CHECK(m.text == "Hello\n\nbig.csv (1001 bytes): https://x.test/d/1?a&b\n");
  CHECK(m.html ==
        "<b>Hello</b><p>big.csv (1001 bytes): <a href=\"https://x.test/d/1?a&amp;b\">https://x.test/d/1?a&amp;b</a></p>");
  c.text = "Get it: {{link}}";
  c.html = "";
  CHECK(made(c, what, "https://x.test/d/1").text == "Get it: https://x.test/d/1");
  c.attachment.above = oversize::reject;
  CHECK(mail_maker{c}.too_large(sdk::delivery{what.fill()}));
  c.attachment.when = attach::never;
  CHECK_FALSE(mail_maker{c}.too_large(sdk::delivery{what.fill()}));
  CHECK_FALSE(made(c, what).attachment.has_value());
}
