// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "plugins/email/address.hpp"
#include "tests/plugins/email/corpus.hpp"

using namespace waybill::email;

TEST_CASE("a list of addresses is read with names, quotes and international domains") {
  const auto found = parse_addresses(
      R"( a@example.com, Anna Smith <anna.smith+tag@sub.example.com>,"Müller, \"J\"" <j@müller.de>, x@[192.0.2.1], <b@localhost> )");
  REQUIRE(found.fault.empty());
  REQUIRE(found.list.size() == 5);
  CHECK(found.list[0].spec() == "a@example.com");
  CHECK(found.list[1].name == "Anna Smith");
  CHECK(found.list[1].local == "anna.smith+tag");
  CHECK(found.list[2].name == "Müller, \"J\"");
  CHECK(found.list[2].domain == "xn--mller-kva.de");
  CHECK(found.list[3].domain == "[192.0.2.1]");
  CHECK(found.list[4].spec() == "b@localhost");
  CHECK(parse_addresses("  ").list.empty());
  CHECK(parse_addresses("  ").fault.empty());
}

TEST_CASE("what is no address is refused") {
  for (const auto* text : {"a",
                           "@example.com",
                           "a@",
                           "a@b@c",
                           "a b@example.com",
                           "a@exa mple.com",
                           ".a@example.com",
                           "a..b@example.com",
                           "a@-x.com",
                           "a@x-.com",
                           "a@.com",
                           "a@example..com",
                           "a@example.com,",
                           ",a@example.com",
                           "a@example.com b@example.com",
                           "Anna <a@example.com",
                           "Anna a@example.com>",
                           "\"Anna <a@example.com>",
                           "\"Anna\" a@example.com",
                           "A <a@example.com> B",
                           "Group: a@example.com;",
                           "\"a b\"@example.com",
                           "a@[300.1.1.1]",
                           "a@[IPv6:x]",
                           "a@0x7f.1/..",
                           "a@example.com\r\nBcc: b@example.com",
                           "a\n@example.com",
                           "\xff@example.com",
                           "a@ex\x01mple.com",
                           "a@x>b",
                           "<<a@x>>",
                           "jürgen@example.com"})
    CHECK_FALSE(parse_addresses(text).fault.empty());
  CHECK_FALSE(parse_addresses(std::string(65, 'a') + "@example.com").fault.empty());
  CHECK_FALSE(parse_addresses("a@" + std::string(64, 'a') + ".com").fault.empty());
  CHECK_FALSE(parse_addresses(std::string{"a@example.com\0", 14}).fault.empty());
}

extern "C" int waybill_fuzz_email_addresses(const std::uint8_t* data, std::size_t size);
TEST_CASE("the corpus of addresses holds") { CHECK(replay("email_addresses", waybill_fuzz_email_addresses) >= 5); }
