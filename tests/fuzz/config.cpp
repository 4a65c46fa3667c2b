// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/config/config.hpp"

using namespace waybill::core;

// A TOML text either becomes settings that print and read back to the same text, or faults that all say something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse_config({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    if (parsed.error().fields.empty()) std::abort();
    for (const auto& fault : parsed.error().fields)
      if (fault.rule.empty() || fault.message.empty()) std::abort();
    return 0;
  }
  const auto printed = print_config(*parsed);
  const auto again = parse_config(printed);
  if (!again) std::abort();
  // Masked values are printed as comments, so that they read back as not set.
  if (printed.find("••••") == std::string::npos && print_config(*again) != printed) std::abort();
  return 0;
}
