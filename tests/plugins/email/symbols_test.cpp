// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>

#include "../nginx_server.hpp"
#include "destination.hpp"

using namespace waybill::testing;

namespace {

void check_titles(const nlohmann::json& schema, const std::string& where) {
  INFO(where);
  if (schema.contains("properties"))
    for (const auto& [name, property] : schema["properties"].items()) {
      INFO(name);
      CHECK(property.contains("title"));
      CHECK(property.contains("description"));
      check_titles(property, where + "/" + name);
    }
  if (schema.contains("oneOf"))
    for (const auto& form : schema["oneOf"]) check_titles(form, where + "/" + form["title"].get<std::string>());
}

}  // namespace

TEST_CASE("the plugin exports its entry and nothing else") {
  temporary_folder folder;
  REQUIRE(run({WAYBILL_NM, "-D", "--defined-only", "--format=posix", WAYBILL_EMAIL}, folder.path() + "/symbols") == 0);
  const auto symbols = folder.read("symbols");
  CHECK(symbols.find("waybill_plugin_entry T") == 0);
  CHECK(symbols.find('\n') == symbols.size() - 1);
}

TEST_CASE("the plugin says what it is, every member of its configuration has a title") {
  const auto& plugin = email_plugin();
  CHECK(to_view(plugin->type) == "email");
  CHECK(plugin->features == WB_FEATURE_STREAMING);
  const auto schema = nlohmann::json::parse(to_view(plugin->config_schema));
  CHECK(schema["additionalProperties"] == false);
  check_titles(schema, "");
  CHECK(schema["examples"].size() == 2);
}
