// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/json_text.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace waybill::transfer;
using namespace std::string_literals;

namespace {

std::string quoted(std::string_view text, std::size_t limit = static_cast<std::size_t>(-1)) {
  std::string out;
  append_json_string(out, text, limit);
  return out;
}

}  // namespace

TEST_CASE("text is escaped as JSON asks for, at every position") {
  CHECK(quoted("") == "\"\"");
  CHECK(quoted("plain text of some length") == "\"plain text of some length\"");
  for (std::size_t at = 0; at < 20; ++at) {
    auto text = std::string(20, 'x');
    text[at] = '"';
    auto expected = std::string(20, 'x');
    expected.replace(at, 1, "\\\"");
    REQUIRE(quoted(text) == "\"" + expected + "\"");
  }
  CHECK(quoted("\\ \n\r\t\x01\x1f") == R"("\\ \n\r\t\u0001\u001f")");
  CHECK(quoted("a\0b"s) == R"("a\u0000b")");
}

TEST_CASE("UTF-8 stays and anything else becomes the replacement character") {
  CHECK(quoted("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") == "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
  for (const auto& bad : {"\xff"s, "\xc0\xaf"s, "\xed\xa0\x80"s, "\xf5\x80\x80\x80"s, "\xc3"s, "\xe2\x82"s, "\x80"s}) {
    CHECK_FALSE(is_utf8(bad));
    CHECK(quoted(bad).find("\xEF\xBF\xBD") == 1);
  }
  CHECK(is_utf8("eight bytes and more, then \xc3\xa9"));
  CHECK_FALSE(is_utf8("eight bytes and more, then \xc3"));
}

TEST_CASE("text is cut at a character when there is no more room") {
  CHECK(quoted("abcdef", 3) == "\"abc\"");
  CHECK(quoted("ab\xe2\x82\xac", 4) == "\"ab\"");
  CHECK(quoted("ab\n", 3) == "\"ab\"");
  CHECK(quoted("abc", 3) == "\"abc\"");
}

TEST_CASE("base64 in both alphabets") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  CHECK(to_base64url("\xfb\xff\xfe\x01") == "-__-AQ");
}

TEST_CASE("base64 is read back, and nothing else is") {
  using waybill::transfer::from_base64;
  for (const auto* text : {"", "a", "ab", "abc", "\xff\xfe+/"}) CHECK(from_base64(waybill::transfer::to_base64(text)) == text);
  CHECK(from_base64("YWI") == "ab");
  for (const auto* text : {"Y", "YW=I", "YW I", "YWI=="}) CHECK_FALSE(from_base64(text));
}
