// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/delivery.hpp>
#include <waybill/transfer/body.hpp>

namespace waybill::email {

using source_ptr = std::shared_ptr<transfer::body_source>;

// Sources that are put together to a mail or a request: each reads from start to end and may be rewound, knows its size,
// and holds one piece in memory at most. Used by one thread at a time.

/// Bytes that are in memory.
[[nodiscard]] source_ptr text_source(std::string text);
/// The content of a delivery. `presence` is let go of after the delivery was released.
[[nodiscard]] source_ptr content_source(sdk::retained_delivery what, std::shared_ptr<void> presence = nullptr);
/// One after the other.
[[nodiscard]] source_ptr joined_source(std::vector<source_ptr> parts);

enum class base64_form : std::uint8_t { one_line = 1, lines };
/// Base64 of another source; `lines`: 76 characters each, ended by CRLF (RFC 2045 section 6.8).
[[nodiscard]] source_ptr base64_source(source_ptr from, base64_form form);

/// All of it in memory; nothing if it cannot be read.
[[nodiscard]] std::optional<std::string> read_all(transfer::body_source& from);

}  // namespace waybill::email
