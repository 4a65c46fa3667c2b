// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugins/database/config.hpp"

// A connection string that a customer brings: a port that is one, and no fault that quotes it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::database;
  const std::string text{reinterpret_cast<const char*>(data), size};
  server_settings into;
  const auto why = read_connection_string(text, into);
  if (why.empty() && into.port == 0) std::abort();
  if (size > 200 && why.find(text) != std::string::npos) std::abort();
  return 0;
}
