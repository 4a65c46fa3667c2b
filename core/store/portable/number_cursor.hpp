// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/store/cursor_text.hpp"

namespace waybill::core::portable {

/// A row's number as the cursor of a list, in the last eight bytes of an id.
[[nodiscard]] inline std::string make_number_cursor(cursor_kind kind, std::uint64_t number) {
  id_bytes bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i) & 0xff);
  return make_cursor(kind, bytes);
}

[[nodiscard]] inline result<std::int64_t> read_number_cursor(cursor_kind kind, std::string_view text, std::int64_t first) {
  if (text.empty()) return first;
  const auto bytes = read_cursor(kind, text);
  if (!bytes) return fail(bytes.error());
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = number << 8 | (*bytes)[i];
  return static_cast<std::int64_t>(number & 0x7fff'ffff'ffff'ffffULL);
}

}  // namespace waybill::core::portable
