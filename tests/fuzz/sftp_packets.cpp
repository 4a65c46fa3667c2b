// SPDX-License-Identifier: Apache-2.0
#include "plugins/sftp/packets.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

// What an SFTP server sends: packets are cut off within the bytes, and what is read of one is no longer than it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::sftp;
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  bool broken = false;
  while (const auto content = next_packet(rest, broken)) {
    if (content->empty() || content->size() > rest.size() - 4) std::abort();
    rest.remove_prefix(content->size() + 4);
    if (const auto answer = read_reply(*content)) {
      if (answer->text.size() > content->size()) std::abort();
      if (answer->kind == packet::extended_reply) {
        if (const auto limit = read_write_limit(answer->text); limit && *limit == 0) std::abort();
        if (const auto digest = read_sha256(answer->text); digest && digest->size() != 32) std::abort();
      }
    }
    if (const auto said = read_version(*content); said && said->extensions.size() * 8 > content->size()) std::abort();
  }
  return 0;
}
