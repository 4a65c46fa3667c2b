// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace waybill::database {

/// The text of schema.json, embedded by the build.
extern const std::string_view config_schema;
extern const std::string_view plugin_version;

}  // namespace waybill::database
