// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace waybill::core::postgres {

/// How a writer comes by its answers. asked: it waits for the server's. foreseen: it gives those that nearly always come true
/// and has the server fail the transaction should one of them not; what it cannot foresee it asks for all the same.
enum class certainty : std::uint8_t { asked = 1, foreseen };

}  // namespace waybill::core::postgres
