// SPDX-License-Identifier: Apache-2.0
#include "plugins/email/address.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// A list of addresses: whatever is found can stand in a header and in an SMTP command, and is read back as itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::email;
  const auto found = parse_addresses({reinterpret_cast<const char*>(data), size});
  if (!found.fault.empty() && !found.list.empty()) std::abort();
  for (const auto& one : found.list) {
    const auto spec = one.spec();
    for (const char c : spec)
      if (c <= ' ' || c == '<' || c == '>' || c == ',' || c == 0x7f) std::abort();
    for (const char c : one.name)
      if (c == '\r' || c == '\n' || c == '\0') std::abort();
    const auto again = parse_addresses(spec);
    if (!again.fault.empty() || again.list.size() != 1 || again.list[0].spec() != spec) std::abort();
  }
  return 0;
}
