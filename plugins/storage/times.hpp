// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::storage {

/// Unix time, ms, as `2026-01-31T09:15:00.123Z`.
[[nodiscard]] std::string iso8601(std::int64_t unix_ms);
/// The same read back (RFC 3339, any fraction, Z or an offset); nothing if it is no such time.
[[nodiscard]] std::optional<std::int64_t> parse_iso8601(std::string_view text);
/// By strftime, in UTC.
[[nodiscard]] std::string format_utc(std::int64_t unix_ms, const char* format);

}  // namespace waybill::storage
