// SPDX-License-Identifier: Apache-2.0
#include "plugins/email/smtp_reply.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// What a mail server says, whole and byte by byte: the same replies, none with a control character.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::email;
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  smtp_reply_reader whole, pieces;
  whole.feed(bytes);
  for (const char c : bytes) pieces.feed({&c, 1});
  for (;;) {
    smtp_reply one, other;
    const auto state = whole.next(one);
    if (pieces.next(other) != state) std::abort();
    if (state != smtp_reply_reader::state::complete) return 0;
    if (one.code < 200 || one.code > 599 || one.code != other.code || one.lines != other.lines) std::abort();
    for (const char c : one.text() + one.enhanced)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
    static_cast<void>(parse_extensions(one));
  }
}
