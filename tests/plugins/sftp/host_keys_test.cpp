// SPDX-License-Identifier: Apache-2.0
// The parsers of outside bytes: configured host keys and the server's packets.
#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "plugins/sftp/host_keys.hpp"
#include "plugins/sftp/packets.hpp"

using namespace waybill::sftp;

extern "C" int waybill_fuzz_host_keys(const std::uint8_t* data, std::size_t size);
extern "C" int waybill_fuzz_sftp_packets(const std::uint8_t* data, std::size_t size);

namespace {

constexpr const char* key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

int replay(const std::string& name, int (*function)(const std::uint8_t*, std::size_t)) {
  int replayed = 0;
  for (const auto& file : std::filesystem::directory_iterator{WAYBILL_CORPUS "/" + name}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    INFO(file.path());
    CHECK(function(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
    ++replayed;
  }
  return replayed;
}

}  // namespace

TEST_CASE("lines of known hosts are for the host and its port") {
  host_keys keys;
  CHECK(keys.add_known_hosts(std::string{"github.com ssh-ed25519 "} + key, "github.com", 22).empty());
  CHECK(keys.match(key, ""));
  CHECK_FALSE(keys.match("AAAA", "SHA256:x"));
  host_keys other_port;
  CHECK(other_port.add_known_hosts(std::string{"github.com ssh-ed25519 "} + key, "github.com", 2222) ==
        "has no key of [github.com]:2222");
  host_keys with_port;
  CHECK(with_port.add_known_hosts(std::string{"[github.com]:2222 ssh-ed25519 "} + key + " comment\r\n", "github.com", 2222)
            .empty());
  host_keys pattern;
  CHECK(pattern.add_known_hosts(std::string{"*.example.com,!bad.example.com ssh-ed25519 "} + key, "a.example.com", 22).empty());
  host_keys negated;
  CHECK_FALSE(
      negated.add_known_hosts(std::string{"*.example.com,!bad.example.com ssh-ed25519 "} + key, "bad.example.com", 22).empty());
}

TEST_CASE("the kinds of known keys are what is asked for, fingerprints let each kind have its turn") {
  host_keys lines;
  REQUIRE(lines.add_known_hosts(std::string{"h ssh-ed25519 "} + key, "h", 22).empty());
  CHECK(lines.offers(false) == std::vector<std::string>{"ssh-ed25519"});
  host_keys prints;
  REQUIRE(prints.add_fingerprint("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU").empty());
  CHECK(prints.offers(false).size() == 4);
  CHECK(prints.offers(false).back().find("ssh-rsa") == std::string::npos);
  CHECK(prints.offers(true).back().find("ssh-rsa") != std::string::npos);
  CHECK(prints.match("anything", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"));
}

TEST_CASE("packets are cut off the stream one by one") {
  std::string out;
  packet_writer{out, packet::open, 7}.text("a").u32(26).permissions(0644).finish();
  packet_writer{out, packet::close, 8}.text("h").finish();
  bool broken = false;
  const auto first = next_packet(out, broken);
  REQUIRE(first.has_value());
  CHECK(first->size() == 1 + 4 + 5 + 4 + 8);
  CHECK_FALSE(next_packet(std::string_view{out}.substr(0, 10), broken).has_value());
  CHECK_FALSE(broken);
  CHECK_FALSE(next_packet(std::string_view{"\xff\xff\xff\xff", 4}, broken).has_value());
  CHECK(broken);
}

TEST_CASE("the corpora of host keys and of packets hold") {
  CHECK(replay("host_keys", &waybill_fuzz_host_keys) >= 5);
  CHECK(replay("sftp_packets", &waybill_fuzz_sftp_packets) >= 5);
}
