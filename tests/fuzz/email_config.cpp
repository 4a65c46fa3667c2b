// SPDX-License-Identifier: Apache-2.0
#include "plugins/email/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// A configuration: read, or refused with a fault.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill;
  sdk::fault_sink faults{nullptr, nullptr};
  const auto settings = email::parse_config({reinterpret_cast<const char*>(data), size}, faults);
  if (settings.has_value() != (faults.count() == 0)) std::abort();
  return 0;
}
