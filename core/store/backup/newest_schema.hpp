// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace waybill::core {

/// The number of the newest migration that this program knows, of any engine: they share their numbers, and not every engine
/// needs every step.
[[nodiscard]] std::uint32_t newest_schema_known();

}  // namespace waybill::core
