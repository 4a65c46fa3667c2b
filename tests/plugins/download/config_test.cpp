// SPDX-License-Identifier: Apache-2.0
#include "plugins/download/config.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/plugins/fake_host.hpp"

using namespace waybill;

namespace {

std::vector<std::string> faults_of(std::string_view config) {
  std::vector<testing::seen_fault> seen;
  sdk::fault_sink faults{&testing::collect_fault, &seen};
  download::check_config(config, faults);
  std::vector<std::string> pointers;
  for (const auto& f : seen) pointers.push_back(f.pointer);
  std::sort(pointers.begin(), pointers.end());
  return pointers;
}

}  // namespace

TEST_CASE("a configuration may be empty, and may name everything") {
  CHECK(faults_of("{}").empty());
  CHECK(faults_of(R"({"expiryHours":24,"maxAccess":3,"allowedIpRanges":["10.0.0.0/8","192.0.2.7","fd00::/8"],)"
                  R"("passwordMode":"shared","password":"correct horse","baseUrl":"https://files.example.com/x"})")
            .empty());
}

TEST_CASE("every fault of a configuration is told at once") {
  CHECK(
      faults_of(
          R"({"allowedIpRanges":["10.0.0.1/8","10.0.0.0/33","x","fd00::/8","10.0.0.0/"],"baseUrl":"https:///x","password":"correct horse"})") ==
      std::vector<std::string>{"/allowedIpRanges/0", "/allowedIpRanges/1", "/allowedIpRanges/2", "/allowedIpRanges/4",
                               "/baseUrl", "/password"});
  CHECK(faults_of(R"({"passwordMode":"shared"})") == std::vector<std::string>{"/password"});
  CHECK(faults_of(R"({"baseUrl":"https://user:secret@files.example.com"})") == std::vector<std::string>{"/baseUrl"});
  CHECK(faults_of(R"({"baseUrl":"https://files.example.com/?a"})") == std::vector<std::string>{"/baseUrl"});
  CHECK(faults_of(R"({"passwordMode":"shared","password":"tab\tinside"})") == std::vector<std::string>{"/password"});
  CHECK(faults_of("[]") == std::vector<std::string>{""});
}

TEST_CASE("a range is an address with a prefix length that fits it") {
  for (const auto* good : {"10.0.0.0/8", "0.0.0.0/0", "::/0", "192.0.2.1", "192.0.2.1/32", "2001:db8::/32"})
    CHECK(download::is_range(good));
  for (const auto* bad : {"", "/8", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "2001:db8::/129", "2001:db8::1/32", "host/8"})
    CHECK_FALSE(download::is_range(bad));
}
