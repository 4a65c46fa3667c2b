// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace waybill::core {

/// All settings as a Markdown table: key, default, bounds, variables, meaning. What the operator's page is made from.
[[nodiscard]] std::string settings_reference();

}  // namespace waybill::core
