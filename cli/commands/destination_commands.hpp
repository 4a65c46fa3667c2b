// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/commands/commands.hpp"

namespace waybill::cli {

[[nodiscard]] std::string destination_path(const std::string& id);

/// A resource as `name: value` lines, a list of them with empty lines between, or as JSON.
void print_resource(context& where, const json& value);

/// create, update, delete, test, enable, disable, rotate-secret.
void add_destination_changes(CLI::App& parent, action& chosen);

}  // namespace waybill::cli
