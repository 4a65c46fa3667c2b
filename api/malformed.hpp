// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "api/json_reader.hpp"
#include "core/model/error.hpp"

namespace waybill::api {

/// A client that sends faults by the thousand is not told of each: the answer stays small.
inline constexpr std::size_t max_faults = 100;

void add_fault(std::vector<core::field_fault>& faults, std::string pointer, std::string rule, std::string message);
/// validation_error with all of them.
[[nodiscard]] core::error invalid_fields(std::vector<core::field_fault> faults);
/// malformed_request that says where in the text the fault is.
[[nodiscard]] core::error malformed_body(const json_fault& fault);

}  // namespace waybill::api
