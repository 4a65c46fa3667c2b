// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"

namespace waybill::core {

[[nodiscard]] sha256_digest sha256(std::string_view bytes);
[[nodiscard]] std::string to_hex(const std::uint8_t* bytes, std::size_t size);
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Standard alphabet, padding required; nothing for anything else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
/// Cryptographically strong; ends the process if the machine has none to give.
[[nodiscard]] std::string random_bytes(std::size_t size);
/// Takes the same time wherever they differ.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace waybill::core
