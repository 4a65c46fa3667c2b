// SPDX-License-Identifier: Apache-2.0
// The guide shows code. What it shows is what is built and run.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in{std::string{WAYBILL_SOURCE "/"} + file, std::ios::binary};
  REQUIRE(in);
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The listing that follows the file's name in the guide.
std::string listing_of(const std::string& guide, const std::string& file) {
  const auto named = guide.find("<!-- listing: " + file + " -->");
  REQUIRE(named != std::string::npos);
  const auto fence = guide.find("```", named);
  const auto begin = guide.find('\n', fence) + 1;
  const auto end = guide.find("\n```", begin) + 1;
  REQUIRE(end > begin);
  return guide.substr(begin, end - begin);
}

}  // namespace

TEST_CASE("The listings of the guide are the files that are built and checked") {
  const auto guide = text_of("docs/writing-a-plugin.md");
  for (const auto* file : {"docs/examples/first_plugin/first_plugin.cpp", "docs/examples/first_plugin/CMakeLists.txt",
                           "docs/examples/first_plugin/config.json"}) {
    INFO(file);
    CHECK(listing_of(guide, file) == text_of(file));
  }
}

TEST_CASE("The first plugin of the guide has sixty lines at most") {
  const auto text = text_of("docs/examples/first_plugin/first_plugin.cpp");
  CHECK(std::count(text.begin(), text.end(), '\n') <= 60);
}
