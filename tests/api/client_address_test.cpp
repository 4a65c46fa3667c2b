// SPDX-License-Identifier: Apache-2.0
#include "api/client_address.hpp"

#include <catch2/catch.hpp>

using namespace waybill::api;

namespace {

client_addresses trusting(const std::vector<std::string>& ranges, forwarded_header where = forwarded_header::x_forwarded_for) {
  auto made = client_addresses::from(ranges, where);
  REQUIRE(made);
  return *made;
}

}  // namespace

TEST_CASE("an address is read with and without brackets, quotes and port, and nothing else is one") {
  CHECK(forwarded_address("192.0.2.1") == "192.0.2.1");
  CHECK(forwarded_address("192.0.2.1:8080") == "192.0.2.1");
  CHECK(forwarded_address("\"[2001:db8::1]:443\"") == "2001:db8::1");
  CHECK(forwarded_address("2001:DB8:0:0::1") == "2001:db8::1");
  CHECK(forwarded_address("::ffff:192.0.2.1") == "192.0.2.1");
  for (const auto* text : {"", "unknown", "_hidden", "example.org", "192.0.2", "192.0.2.1:x", "192.0.2.1:123456", "[192.0.2.1]",
                           "[2001:db8::1", "[2001:db8::1]x", "1.2.3.4, 5.6.7.8", "[]"})
    CHECK_FALSE(forwarded_address(text));
}

TEST_CASE("without trusted proxies nobody is believed") {
  const client_addresses nobody;
  CHECK_FALSE(nobody.trusts_anybody());
  CHECK(nobody.client_of("10.0.0.1", {"192.0.2.9"}) == "10.0.0.1");
  CHECK(trusting({"10.0.0.0/8"}).client_of("192.0.2.1", {"198.51.100.1"}) == "192.0.2.1");
}

TEST_CASE("the client is the last address that no trusted proxy has") {
  const auto clients = trusting({"10.0.0.0/8", "fd00::/8"});
  CHECK(clients.client_of("10.0.0.1", {"198.51.100.1"}) == "198.51.100.1");
  // What the client itself claims stands to the left of what a proxy saw.
  CHECK(clients.client_of("10.0.0.1", {"127.0.0.1, 198.51.100.1, 10.0.0.2"}) == "198.51.100.1");
  CHECK(clients.client_of("10.0.0.1", {"127.0.0.1", "198.51.100.1", "fd00::2"}) == "198.51.100.1");
  CHECK(clients.client_of("::ffff:10.0.0.1", {"198.51.100.1"}) == "198.51.100.1");
  CHECK(clients.client_of("10.0.0.1", {}) == "10.0.0.1");
  CHECK(clients.client_of("10.0.0.1", {"10.0.0.3"}) == "10.0.0.3");
  CHECK(clients.client_of("10.0.0.1", {"198.51.100.1, unknown"}) == "10.0.0.1");
}

TEST_CASE("Forwarded is read where it is said to be the proxies' header") {
  const auto clients = trusting({"10.0.0.0/8"}, forwarded_header::forwarded);
  CHECK(clients.client_of("10.0.0.1", {"for=192.0.2.60;proto=http;by=203.0.113.43"}) == "192.0.2.60");
  CHECK(clients.client_of("10.0.0.1", {"for=127.0.0.1, For=\"[2001:db8:cafe::17]:4711\", for=10.0.0.2"}) ==
        "2001:db8:cafe::17");
  CHECK(clients.client_of("10.0.0.1", {"for=\"_x,for=1.2.3.4\""}) == "10.0.0.1");
  CHECK(clients.client_of("10.0.0.1", {"for=1.2.3.4;for=5.6.7.8"}) == "10.0.0.1");
  CHECK(clients.client_of("10.0.0.1", {"for=\"1.2.3.4"}) == "10.0.0.1");
  CHECK(clients.client_of("10.0.0.1", {"proto=https"}) == "10.0.0.1");
}

TEST_CASE("a range that is none is refused") {
  CHECK_FALSE(client_addresses::from({"10.0.0.0/99"}, forwarded_header::forwarded));
}
