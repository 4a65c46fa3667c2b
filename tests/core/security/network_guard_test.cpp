// SPDX-License-Identifier: Apache-2.0
#include "core/security/network_guard.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

struct address {
  std::uint8_t bytes[16] = {};
  std::size_t size = 0;
  explicit address(const char* text) {
    size = std::strchr(text, ':') ? 16 : 4;
    REQUIRE(::inet_pton(size == 16 ? AF_INET6 : AF_INET, text, bytes) == 1);
  }
};

bool allows(const network_guard& guard, const char* text) {
  const address a{text};
  return guard.allows(a.bytes, a.size);
}

ip_range range(const char* text) {
  auto parsed = ip_range::parse(text);
  INFO(text);
  REQUIRE(parsed);
  return *parsed;
}

bool contains(const char* text, const char* inner) {
  const address a{inner};
  return range(text).contains(a.bytes, a.size);
}

}  // namespace

TEST_CASE("public addresses may be reached", "[network]") {
  const network_guard guard;
  for (const char* text : {"1.1.1.1",
                           "8.8.8.8",
                           "93.184.216.34",
                           "100.63.255.255",
                           "100.128.0.0",
                           "169.253.255.255",
                           "169.255.0.0",
                           "172.15.255.255",
                           "172.32.0.0",
                           "192.167.255.255",
                           "192.169.0.0",
                           "198.17.255.255",
                           "198.20.0.0",
                           "223.255.255.255",
                           "11.0.0.0",
                           "126.255.255.255",
                           "128.0.0.0",
                           "168.63.129.15",
                           "2606:4700:4700::1111",
                           "2a00:1450:4001:831::200e",
                           "2001:4860:4860::8888",
                           "2000::1",
                           "3ffe::1"}) {
    INFO(text);
    CHECK(allows(guard, text));
  }
}

TEST_CASE("addresses that lead inside may not", "[network]") {
  const network_guard guard;
  for (const char* text :
       {"0.0.0.0",         "0.255.255.255",   "10.0.0.0",        "10.255.255.255",  "100.64.0.0",      "100.127.255.255",
        "100.100.100.200", "127.0.0.1",       "127.255.255.255", "169.254.0.0",     "169.254.169.254", "169.254.170.2",
        "172.16.0.0",      "172.31.255.255",  "192.0.0.1",       "192.0.0.192",     "192.0.2.1",       "192.88.99.1",
        "192.168.0.0",     "192.168.255.255", "198.18.0.0",      "198.19.255.255",  "198.51.100.7",    "203.0.113.9",
        "224.0.0.1",       "239.255.255.255", "240.0.0.1",       "255.255.255.255", "168.63.129.16",   "192.31.196.1",
        "192.52.193.1",    "192.175.48.1"}) {
    INFO(text);
    CHECK_FALSE(allows(guard, text));
  }
  for (const char* text : {"::",           "::1",
                           "100::1",       "64:ff9b:1::1",
                           "2001::1",      "2001:2::1",
                           "2001:10::1",   "2001:1ff:ffff::1",
                           "2001:db8::1",  "2620:4f:8000::1",
                           "3fff::1",      "3fff:fff::1",
                           "4000::1",      "5f00::1",
                           "fc00::1",      "fd00:ec2::254",
                           "fd20:ce::254", "fdff::1",
                           "fe80::1",      "febf::1",
                           "fec0::1",      "ff02::1",
                           "ffff::1"}) {
    INFO(text);
    CHECK_FALSE(allows(guard, text));
  }
}

TEST_CASE("an IPv4 address is looked for inside of the forms that carry one", "[network]") {
  const network_guard guard;
  for (const char* text :
       {"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254", "2002:7f00:1::1", "2002:a9fe:a9fe::", "2002:c0a8:101::1"}) {
    INFO(text);
    CHECK_FALSE(allows(guard, text));
  }
  for (const char* text : {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    INFO(text);
    CHECK(allows(guard, text));
  }
}

TEST_CASE("an allowed range opens what it holds, in every form, and nothing else", "[network]") {
  const network_guard guard{{range("10.20.0.0/16"), range("::1"), range("fd12::/16")}};
  for (const char* text : {"10.20.0.0", "10.20.255.255", "::ffff:10.20.3.4", "64:ff9b::10.20.3.4", "2002:a14:304::1", "::1",
                           "fd12:3456::1", "8.8.8.8"}) {
    INFO(text);
    CHECK(allows(guard, text));
  }
  for (const char* text : {"10.21.0.0", "10.19.255.255", "127.0.0.1", "fd13::1", "::2"}) {
    INFO(text);
    CHECK_FALSE(allows(guard, text));
  }
}

TEST_CASE("what is no address is not allowed", "[network]") {
  const network_guard guard{{range("0.0.0.0/0"), range("::/0")}};
  const std::uint8_t bytes[16] = {8, 8, 8, 8};
  CHECK(guard.allows(bytes, 4));
  for (const std::size_t size : {0, 1, 3, 5, 15}) CHECK_FALSE(guard.allows(bytes, size));
}

TEST_CASE("a range holds the addresses from its first to its last", "[network]") {
  CHECK(contains("192.168.1.0/24", "192.168.1.255"));
  CHECK_FALSE(contains("192.168.1.0/24", "192.168.2.0"));
  CHECK(contains("10.1.2.3", "10.1.2.3"));
  CHECK_FALSE(contains("10.1.2.3", "10.1.2.2"));
  CHECK(contains("10.1.2.2/31", "10.1.2.3"));
  CHECK(contains("0.0.0.0/0", "255.255.255.255"));
  CHECK_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  CHECK(contains("::/0", "2001:db8::1"));
  CHECK(contains("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(contains("::ffff:10.0.0.0/104", "10.200.0.1"));
}

TEST_CASE("a text that is no range is refused", "[network]") {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ", " 10.0.0.0/8",
                           "10.0.0/8", "10.0.0.1/8", "010.0.0.0/8x", "::/129", "::1/64", "fe80::1%eth0", "[::1]", "localhost",
                           "10.0.0.0/8/8", "256.0.0.0", "10.0.0.0/008888"}) {
    INFO(text);
    const auto parsed = ip_range::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == error_code::validation_error);
  }
  CHECK_FALSE(ip_range::parse(std::string_view("10.0.0.0\0/8", 11)));
}
