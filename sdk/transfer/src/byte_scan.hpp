// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace waybill::transfer {

// Eight bytes at a time: texts are scanned for every delivery, and almost never hold what is looked for.

inline constexpr std::uint64_t each_byte = UINT64_C(0x0101010101010101);
inline constexpr std::uint64_t high_bits = UINT64_C(0x8080808080808080);

/// High bits set where a byte is zero; above the first such byte there may be more (a borrow), never below.
[[nodiscard]] constexpr std::uint64_t zero_bytes(std::uint64_t x) { return (x - each_byte) & ~x & high_bits; }
/// The same for bytes below `limit`, at most 0x80.
[[nodiscard]] constexpr std::uint64_t bytes_below(std::uint64_t x, unsigned char limit) {
  return (x - each_byte * limit) & ~x & high_bits;
}

/// How many bytes of `text` come before the first group of eight in which `found(word)` is not 0; a rest of less than eight
/// is not looked at.
template <class Found>
[[nodiscard]] std::size_t skip_clean(const char* text, std::size_t size, Found found) {
  std::size_t at = 0;
  while (at + 8 <= size) {
    std::uint64_t word = 0;
    std::memcpy(&word, text + at, 8);
    if (found(word) != 0) break;
    at += 8;
  }
  return at;
}

}  // namespace waybill::transfer
