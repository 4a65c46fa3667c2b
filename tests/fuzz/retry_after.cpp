// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/retry_after.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// Whatever a peer sends, the wait is none, or from 0 to a year.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  for (const std::int64_t now_ms : {std::int64_t{0}, std::int64_t{1'769'850'900'123}, std::int64_t{253'402'300'799'999}}) {
    const auto wait = waybill::transfer::parse_retry_after(text, now_ms);
    if (wait && (wait->count() < 0 || wait->count() > std::int64_t{365} * 86'400'000)) std::abort();
  }
  return 0;
}
