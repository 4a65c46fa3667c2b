// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

/// Whole numbers as the server's binary format has them: big-endian.
namespace waybill::core::postgres {

inline void write_int32(char* to, std::uint32_t value) {
  for (int i = 3; i >= 0; --i, value >>= 8) to[i] = static_cast<char>(value & 0xff);
}

inline void write_int64(char* to, std::int64_t signed_value) {
  auto value = static_cast<std::uint64_t>(signed_value);
  for (int i = 7; i >= 0; --i, value >>= 8) to[i] = static_cast<char>(value & 0xff);
}

inline void append_int32(std::string& to, std::uint32_t value) {
  char bytes[4];
  write_int32(bytes, value);
  to.append(bytes, sizeof bytes);
}

inline void append_int64(std::string& to, std::int64_t value) {
  char bytes[8];
  write_int64(bytes, value);
  to.append(bytes, sizeof bytes);
}

/// A number of `size` bytes (1, 2, 4 or 8), with its sign.
inline std::int64_t read_integer(const char* from, int size) {
  std::uint64_t value = size > 0 && (from[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(from[i]);
  return static_cast<std::int64_t>(value);
}

}  // namespace waybill::core::postgres
