// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "plugins/email/dot_stuffing.hpp"
#include "plugins/email/smtp_reply.hpp"
#include "tests/plugins/email/corpus.hpp"

using namespace waybill::email;
using state = smtp_reply_reader::state;

namespace {

smtp_reply read(const std::string& bytes) {
  smtp_reply_reader reader;
  reader.feed(bytes);
  smtp_reply out;
  REQUIRE(reader.next(out) == state::complete);
  CHECK(reader.empty());
  return out;
}

}  // namespace

TEST_CASE("replies are read, however they are cut") {
  const std::string bytes =
      "250-mail.test greets\r\n250-SIZE 1000\r\n250-auth=login\r\n250 AUTH PLAIN XOAUTH2\r\n550 5.1.1 no such\x07 user\r\n";
  smtp_reply_reader reader;
  smtp_reply first, second;
  for (const char c : bytes.substr(0, bytes.size() - 1)) {
    reader.feed({&c, 1});
    if (first.code == 0) static_cast<void>(reader.next(first));
  }
  CHECK(reader.next(second) == state::more);
  reader.feed("\n");
  REQUIRE(reader.next(second) == state::complete);
  CHECK(first.code == 250);
  CHECK(first.lines.size() == 4);
  CHECK(second.code == 550);
  CHECK(second.enhanced == "5.1.1");
  CHECK(second.text() == "no such  user");
  const auto offered = parse_extensions(first);
  CHECK(offered.max_size == 1'000);
  CHECK(offered.offers("PLAIN"));
  CHECK(offered.offers("LOGIN"));
  CHECK(offered.offers("XOAUTH2"));
  CHECK_FALSE(offered.starttls);
}

TEST_CASE("an enhanced code counts only if it fits the code") {
  CHECK(read("451 4.7.1 later\r\n").enhanced == "4.7.1");
  CHECK(read("250 2.0.0\r\n").enhanced == "2.0.0");
  CHECK(read("550 4.1.1 x\r\n").enhanced.empty());
  CHECK(read("550 5.1 x\r\n").enhanced.empty());
  CHECK(read("550 5.1.1234 x\r\n").enhanced.empty());
  CHECK(read("354\r\n").code == 354);
  CHECK(read("220 bare newline\n").code == 220);
}

TEST_CASE("what is no reply ends the reading") {
  for (const std::string bytes :
       {"HTTP/1.1 400\r\n", "\r\n", "25\r\n", "2500 x\r\n", "199 x\r\n", "600 x\r\n", "250-a\r\n251 b\r\n", "250_x\r\n"}) {
    smtp_reply_reader reader;
    reader.feed(bytes + "250 ok\r\n");
    smtp_reply out;
    CHECK(reader.next(out) == state::invalid);
    CHECK(reader.next(out) == state::invalid);
  }
  smtp_reply_reader endless;
  smtp_reply out;
  for (int i = 0; i < 300; ++i) endless.feed("250-more\r\n");
  CHECK(endless.next(out) == state::invalid);
  smtp_reply_reader wide;
  wide.feed(std::string(20'000, '2'));
  CHECK(wide.next(out) == state::invalid);
}

TEST_CASE("lines that start with a dot get one more, wherever the pieces are cut") {
  const std::string text = ".a\r\nb.\r\n..c\r\n.\r\nend";
  std::string whole;
  dot_stuffer once;
  once.append(whole, text);
  once.finish(whole);
  CHECK(whole == "..a\r\nb.\r\n...c\r\n..\r\nend\r\n.\r\n");
  std::string pieces;
  dot_stuffer bytewise;
  for (const char c : text) bytewise.append(pieces, {&c, 1});
  bytewise.finish(pieces);
  CHECK(pieces == whole);
  std::string empty;
  dot_stuffer{}.finish(empty);
  CHECK(empty == ".\r\n");
}

extern "C" int waybill_fuzz_smtp_reply(const std::uint8_t* data, std::size_t size);
TEST_CASE("the corpus of SMTP replies holds") { CHECK(replay("smtp_reply", waybill_fuzz_smtp_reply) >= 5); }
