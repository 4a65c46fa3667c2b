// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::transfer {

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. At most `max_bytes` are added
/// for the text itself, cut at a character; returns false if it was cut.
bool append_json_string(std::string& out, std::string_view text, std::size_t max_bytes = static_cast<std::size_t>(-1));
[[nodiscard]] bool is_utf8(std::string_view text);

/// Standard alphabet with padding (RFC 4648 section 4).
void append_base64(std::string& out, std::string_view bytes);
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// RFC 4648 section 5, no padding.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
/// The bytes of standard base64, padding optional; nothing for anything else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace waybill::transfer
