// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/storage/config.hpp"

// A configuration is either good or has a fault; what is good has keys and bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill::sdk::fault_sink faults{nullptr, nullptr};
  const auto read = waybill::storage::parse_config({reinterpret_cast<const char*>(data), size}, faults);
  if (read.has_value() != (faults.count() == 0)) std::abort();
  if (!read) return 0;
  if (read->key.empty() || read->batch_key.empty() || read->connection.timeout.count() <= 0) std::abort();
  if (read->retention.auto_cleanup && read->retention.days <= 0) std::abort();
  return 0;
}
