// SPDX-License-Identifier: Apache-2.0
#include "core/config/config.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

TEST_CASE("what is printed is read back as the same settings", "[config]") {
  for (const char* toml : {"", "[retry]\nscheduleMs = [1, 2]\nmultiplier = 1.5\n[network]\nallow = [\"10.0.0.0/8\", \"::1\"]\n",
                           "dataDir = \"a \\\"b\\\" \\\\ \\u0001 ü\"\n[telemetry]\nmetrics = false\n"}) {
    const auto first = parse_config(toml);
    REQUIRE(first);
    const auto printed = print_config(*first);
    INFO(printed);
    const auto second = parse_config(printed);
    REQUIRE(second);
    CHECK(print_config(*second) == printed);
    CHECK(second->data_dir == first->data_dir);
    CHECK(second->network.allow == first->network.allow);
    CHECK(second->retry.multiplier == first->retry.multiplier);
  }
}

TEST_CASE("each line names its default", "[config]") {
  const auto printed = print_config(*parse_config("[retry]\nmaxAttempts = 9"));
  CHECK(printed.find("\nmaxAttempts = 9  # default 6. ") != std::string::npos);
  CHECK(printed.find("\n[server]\nlisten = \"127.0.0.1:8080\"") != std::string::npos);
}

TEST_CASE("secrets are not printed, and what is printed instead is not taken for them", "[config]") {
  const auto settings = parse_config(
      "[security]\nmasterKey = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n"
      "[store]\nurl = \"postgresql://waybill:hunt/er2@db:5432/waybill?password=hunter3&sslmode=require\"\n");
  REQUIRE(settings);
  const auto printed = print_config(*settings);
  CHECK(printed.find("AAECAw") == std::string::npos);
  CHECK(printed.find("hunt") == std::string::npos);
  CHECK(printed.find("# masterKey = \"••••\"") != std::string::npos);
  CHECK(printed.find("# url = \"postgresql://waybill:••••@db:5432/waybill?password=••••&sslmode=require\"") !=
        std::string::npos);
  CHECK(parse_config(printed));
}
