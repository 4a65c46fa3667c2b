// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// Runs a fuzz function over its corpus; the number of files.
inline std::size_t replay(const char* name, int (*function)(const std::uint8_t*, std::size_t)) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{std::string{WAYBILL_CORPUS "/"} + name}) {
    std::ifstream in{entry.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    function(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++count;
  }
  return count;
}
