// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>

#include "../nginx_server.hpp"
#include "destination.hpp"

using namespace waybill::testing;

TEST_CASE("the plugin exports its entry and nothing else") {
  temporary_folder folder;
  REQUIRE(run({WAYBILL_NM, "-D", "--defined-only", "--format=posix", WAYBILL_WEBHOOK}, folder.path() + "/symbols") == 0);
  const auto symbols = folder.read("symbols");
  CHECK(symbols.find("waybill_plugin_entry T") == 0);
  CHECK(symbols.find('\n') == symbols.size() - 1);
}

TEST_CASE("the plugin says what it is") {
  const auto& plugin = webhook();
  CHECK(to_view(plugin->type) == "webhook");
  CHECK(plugin->struct_size == sizeof(wb_plugin));
  CHECK(plugin->features == (WB_FEATURE_SIGNING_SECRETS | WB_FEATURE_STREAMING | WB_FEATURE_BATCH));
  const auto schema = nlohmann::json::parse(to_view(plugin->config_schema));
  CHECK(schema["type"] == "object");
  CHECK(schema["additionalProperties"] == false);
  for (const auto& [name, property] : schema["properties"].items()) {
    INFO(name);
    CHECK(property.contains("title"));
    CHECK(property.contains("description"));
    CHECK(property.contains("x-order"));
  }
}
