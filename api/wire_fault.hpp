// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace waybill::api {

/// Why a connection ends without having carried a whole request.
enum class wire_fault : std::uint8_t { none = 1, not_http, target_too_long, headers_too_large, body_too_large, too_slow };

}  // namespace waybill::api
