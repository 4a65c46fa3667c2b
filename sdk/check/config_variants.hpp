// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace waybill::sdk::check {

/// One change to a configuration at one place.
struct variant {
  nlohmann::json::json_pointer at;
  nlohmann::json value;
  bool is_removal = false;
};

/// Changes worth trying on a configuration, found in its schema: other values of each member's type, members left out.
/// Most of them the schema itself refuses; the rest is what the plugin's own validate is for.
[[nodiscard]] std::vector<variant> variants_of(const nlohmann::json& schema, const nlohmann::json& config);
[[nodiscard]] nlohmann::json with_change(nlohmann::json config, const variant& change);

/// A member of the schema: its place among the properties and what the schema says of it.
struct schema_member {
  nlohmann::json::json_pointer at;
  nlohmann::json schema;
};
/// Every member described under `properties`, nested ones too.
[[nodiscard]] std::vector<schema_member> members_of(const nlohmann::json& schema);

/// Texts of the configuration that the schema marks x-secret, long enough (6 bytes) not to be met by chance.
[[nodiscard]] std::vector<std::string> secrets_of(const nlohmann::json& schema, const nlohmann::json& config);

/// `config` with the value at an RFC 6901 pointer replaced, as `--target /url=http://…` asks for. The value is JSON if it
/// parses as such and else a text. False if the pointer is none or leads nowhere.
[[nodiscard]] bool redirect(nlohmann::json& config, std::string_view assignment);

}  // namespace waybill::sdk::check
