// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/schema/schema_validator.hpp"

namespace waybill::core {

/// valijson lists the faults of every branch of an anyOf or oneOf, then that none of them holds. Keeps those of the branch
/// most likely meant, the one whose constants (`provider: s3`) fit and that has the fewest faults, where there is such a one;
/// otherwise only the fault of the whole. Drops what merely says that something below is wrong.
[[nodiscard]] std::vector<raw_fault> choose_branches(std::vector<raw_fault> raw);

}  // namespace waybill::core
