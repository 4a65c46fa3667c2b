// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waybill::core {

/// The known name a person most likely meant by `text`: the least edit distance (insert, delete, replace, swap of
/// neighbours; case ignored), the first of equals. Empty when nothing is near enough to be a help: more than a third of the
/// longer name would have to change.
[[nodiscard]] std::string_view nearest_name(std::string_view text, const std::vector<std::string_view>& known);

/// ` Did you mean "maxAttempts"?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view text, const std::vector<std::string_view>& known);

}  // namespace waybill::core
