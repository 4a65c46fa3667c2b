// SPDX-License-Identifier: Apache-2.0
#include "plugins/webhook/batch_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// What a receiver answers to a batch: whatever is taken from it is a status of HTTP and a wait within bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = waybill::webhook::read_batch_answer({reinterpret_cast<const char*>(data), size});
  if (!read) return 0;
  constexpr std::uint64_t month_ms = std::uint64_t{30} * 24 * 60 * 60 * 1'000;
  for (const auto& [id, item] : *read)
    if (item.status < 100 || item.status > 599 || item.retry_after_ms > month_ms) std::abort();
  return 0;
}
