// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/header_list.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace waybill::transfer;

namespace {

std::vector<std::string> lines(curl_slist* at) {
  std::vector<std::string> out;
  for (; at != nullptr; at = at->next) out.emplace_back(at->data);
  return out;
}

}  // namespace

TEST_CASE("headers come out in order, before the tail") {
  header_list tail;
  tail.add("Z", "last");
  header_list list;
  list.add("A", "1");
  list.add("B", "2");
  CHECK(lines(list.chain(tail.chain())) == std::vector<std::string>{"A: 1", "B: 2", "Z: last"});
  CHECK(lines(header_list{}.chain()).empty());
}

TEST_CASE("an empty value adds nothing") {
  header_list list;
  list.add("A", "");
  CHECK(list.size() == 0);
}

TEST_CASE("a value cannot end its line, wherever the control character stands") {
  for (std::size_t length = 1; length < 20; ++length)
    for (std::size_t at = 0; at < length; ++at)
      for (const char evil : {'\r', '\n', '\0', '\x7f', '\x1f'}) {
        std::string value(length, 'v');
        value[at] = evil;
        header_list list;
        list.add("X", value);
        auto expected = std::string(length, 'v');
        expected[at] = ' ';
        REQUIRE(lines(list.chain()) == std::vector<std::string>{"X: " + expected});
      }
}

TEST_CASE("tabs and characters beyond ASCII stay in a value") {
  header_list list;
  list.add("X", "a\tb \xc3\xa9 more text to fill");
  CHECK(lines(list.chain()) == std::vector<std::string>{"X: a\tb \xc3\xa9 more text to fill"});
}

TEST_CASE("a header is found and removed whatever its case") {
  header_list list;
  list.add("Authorization", "one", secrecy::secret);
  list.add("Other", "stays");
  CHECK(list.has("authorization"));
  list.remove("AUTHORIZATION");
  CHECK_FALSE(list.has("authorization"));
  CHECK(lines(list.chain()) == std::vector<std::string>{"Other: stays"});
}

TEST_CASE("credential headers are known by name") {
  for (const auto* name : {"Authorization", "cookie", "Set-Cookie", "X-API-Key", "proxy-authorization", "X-Amz-Security-Token"})
    CHECK(is_credential_header(name));
  for (const auto* name : {"Content-Type", "X-Api-Keys", "webhook-signature", "", "Date"})
    CHECK_FALSE(is_credential_header(name));
}

TEST_CASE("names and values of headers are told from what is none") {
  CHECK(is_header_name("X-Api_Key.1"));
  for (const auto* name : {"", "A B", "A:", "A\r", "\xc3\xa9"}) CHECK_FALSE(is_header_name(name));
  CHECK(is_header_value("a\tb"));
  CHECK_FALSE(is_header_value("a\r\nB: c"));
}
