// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace waybill::testing {

/// Sweeps the place of a configuration as the handler does, for what `owner` wrote and what is older than now plus `later_ms`.
/// How many it deleted; a failure fails the test.
std::size_t swept(const nlohmann::json& config, const std::string& prefix, const std::string& owner, std::int64_t later_ms);

}  // namespace waybill::testing
