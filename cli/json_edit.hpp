// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/failure.hpp"
#include "cli/rest_client.hpp"

namespace waybill::cli {

/// Applies `member.member=value` to `target`, making objects on the way. A value that is JSON is taken as JSON (`5`, `true`,
/// `null`, `{"a":1}`, `"5"`), any other as a string. Errors: no `=`, an empty name, a way that leads through a non-object.
[[nodiscard]] outcome<void> assign(json& target, const std::string& assignment);

/// `k=v` texts as an object of strings. Errors: no `=`, an empty name.
[[nodiscard]] outcome<json> object_of_strings(const std::vector<std::string>& pairs, const std::string& option);

/// The bytes of a file, or of standard input for `-`.
[[nodiscard]] outcome<std::string> read_file(const std::string& path);

/// A JSON object from a file (`-`: standard input); an empty path is an empty object.
[[nodiscard]] outcome<json> read_object(const std::string& path);

}  // namespace waybill::cli
