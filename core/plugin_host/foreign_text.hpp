// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <waybill/plugin.h>

namespace waybill::core {

/// A plugin's text as the engine may keep, show and store it: cut to `cap` bytes at a character, invalid UTF-8 replaced by
/// U+FFFD, control characters (NUL above all: PostgreSQL has no room for one) by spaces, tab and line feed aside.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t cap);
/// The same for a view that came over the line; a NULL pointer is the empty text whatever its size says.
[[nodiscard]] std::string clean_text(wb_str text, std::size_t cap);

/// wb_result.request and .response: at most 64 KiB.
inline constexpr std::size_t max_record_bytes = 65'536;

enum class record_verdict : unsigned char { empty = 1, good, too_large, not_a_json_object };
/// One strict pass over the bytes (UTF-8, RFC 8259, an object, at most 64 levels); builds no document of objects.
[[nodiscard]] record_verdict check_record(wb_str record);

[[nodiscard]] inline wb_str view_of(std::string_view text) { return wb_str{text.data(), text.size()}; }

}  // namespace waybill::core
