// SPDX-License-Identifier: Apache-2.0
#include "core/links/link_options.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

std::vector<std::string> faults_of(std::string_view json) {
  const auto options = read_link_options(json, 100);
  REQUIRE_FALSE(options);
  std::vector<std::string> pointers;
  for (const auto& f : options.error().fields) pointers.push_back(f.pointer);
  std::sort(pointers.begin(), pointers.end());
  return pointers;
}

}  // namespace

TEST_CASE("a link may be asked for with nothing, and lives for three days then, or as long as the node allows") {
  const auto usual = read_link_options("", 8'760);
  REQUIRE(usual);
  CHECK(usual->lives == std::chrono::hours{72});
  CHECK(usual->max_access == 0);
  CHECK(usual->kind == link_password::none);
  CHECK(read_link_options("{}", 10)->lives == std::chrono::hours{10});
}

TEST_CASE("every option of a link is read") {
  const auto options = read_link_options(
      R"({"expiryHours":0.5,"maxAccess":3,"allowedIpRanges":["10.0.0.0/8","fd00::/8"],"passwordMode":"shared",)"
      R"("password":"long enough","baseUrl":"https://files.example.com/x"})",
      100);
  REQUIRE(options);
  CHECK(options->lives == std::chrono::minutes{30});
  CHECK(options->max_access == 3);
  CHECK(options->allowed_ranges.size() == 2);
  CHECK(options->kind == link_password::shared);
  CHECK(options->password == "long enough");
  CHECK(options->base_url == "https://files.example.com/x");
  CHECK(read_link_options(R"({"passwordMode":"oneTime"})", 100)->kind == link_password::one_time);
}

TEST_CASE("every fault of the options is told at once") {
  CHECK(
      faults_of(
          R"({"expiryHours":101,"maxAccess":-1,"allowedIpRanges":["x",7,"10.0.0.1/8"],"passwordMode":"y","baseUrl":"ftp://a","z":1})") ==
      std::vector<std::string>{"/allowedIpRanges/0", "/allowedIpRanges/1", "/allowedIpRanges/2", "/baseUrl", "/expiryHours",
                               "/maxAccess", "/passwordMode", "/z"});
  CHECK(faults_of(R"({"passwordMode":"shared"})") == std::vector<std::string>{"/password"});
  CHECK(faults_of(R"({"password":"long enough"})") == std::vector<std::string>{"/password"});
  CHECK(faults_of(R"({"passwordMode":"shared","password":"short"})") == std::vector<std::string>{"/password"});
  CHECK(faults_of(R"({"expiryHours":0})") == std::vector<std::string>{"/expiryHours"});
  CHECK(faults_of(R"({"baseUrl":"https://u:p@a/"})") == std::vector<std::string>{"/baseUrl"});
  CHECK(faults_of("[]").empty());
}

TEST_CASE("no fault shows a password") {
  const auto options = read_link_options(R"({"passwordMode":"none","password":"hunter2hunter2"})", 100);
  REQUIRE_FALSE(options);
  for (const auto& f : options.error().fields) CHECK(f.message.find("hunter2") == std::string::npos);
}

TEST_CASE("an address is held against the ranges, v4 and v6, and none fits where there is no address") {
  const std::vector<std::string> ranges{"10.0.0.0/8", "2001:db8::/32"};
  CHECK(is_in_ranges({}, "anything"));
  CHECK(is_in_ranges(ranges, "10.1.2.3"));
  CHECK(is_in_ranges(ranges, "::ffff:10.1.2.3"));
  CHECK(is_in_ranges(ranges, "2001:db8::1"));
  CHECK_FALSE(is_in_ranges(ranges, "11.0.0.1"));
  CHECK_FALSE(is_in_ranges(ranges, "2001:db9::1"));
  CHECK_FALSE(is_in_ranges(ranges, "unknown"));
  CHECK_FALSE(is_in_ranges(ranges, ""));
}
