// SPDX-License-Identifier: Apache-2.0
#include "plugins/sftp/host_keys.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// Host keys that a customer brings, as fingerprint and as lines: what is taken names a kind of key to ask for, and nothing
// else is ever matched.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::sftp;
  const std::string text{reinterpret_cast<const char*>(data), size};
  host_keys prints;
  if (prints.add_fingerprint(text).empty() && prints.empty()) std::abort();
  for (const unsigned port : {22U, 2222U}) {
    host_keys lines;
    const bool good = lines.add_known_hosts(text, "example.com", port).empty();
    if (good && (lines.empty() || lines.offers(false).front().empty())) std::abort();
    if (lines.match("", "") || lines.match("AAAA", "SHA256:")) std::abort();
  }
  return 0;
}
