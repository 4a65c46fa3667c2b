// SPDX-License-Identifier: Apache-2.0
// The reader of page cursors, on text. What it takes it must give back unchanged.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/store/cursor_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::core;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {cursor_kind::deliveries, cursor_kind::dead_letters, cursor_kind::organizations}) {
    const auto read = read_cursor(kind, text);
    if (read && make_cursor(kind, *read) != text) std::abort();
  }
  return 0;
}
