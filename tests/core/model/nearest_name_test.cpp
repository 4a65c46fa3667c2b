// SPDX-License-Identifier: Apache-2.0
#include "core/model/nearest_name.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("a slip of the fingers leads to the name that was meant", "[nearest]") {
  const std::vector<std::string_view> known{"maxAttempts", "initialDelayMs", "multiplier", "url"};
  CHECK(nearest_name("maxAtempts", known) == "maxAttempts");
  CHECK(nearest_name("maxattempts", known) == "maxAttempts");
  CHECK(nearest_name("amxAttempts", known) == "maxAttempts");
  CHECK(nearest_name("initialDelay", known) == "initialDelayMs");
  CHECK(nearest_name("multiplyer", known) == "multiplier");
  CHECK(nearest_name("ulr", known) == "url");
}

TEST_CASE("what resembles nothing gets no hint", "[nearest]") {
  const std::vector<std::string_view> known{"maxAttempts", "url"};
  CHECK(nearest_name("colour", known).empty());
  CHECK(nearest_name("", known).empty());
  CHECK(nearest_name("x", {}).empty());
  CHECK(nearest_name(std::string(100'000, 'a'), known).empty());
  CHECK(did_you_mean("colour", known).empty());
  CHECK(did_you_mean("urll", known) == " Did you mean \"url\"?");
}
