// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace waybill::transfer {

/// Reads a Retry-After field (RFC 9110 section 10.2.3): seconds or an HTTP-date in any of its three forms. A date in the
/// past is 0; more than a year is a year; anything else is nothing. `now_ms`: Unix time.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, std::int64_t now_ms);

}  // namespace waybill::transfer
