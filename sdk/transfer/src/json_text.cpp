// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/json_text.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <openssl/evp.h>

#include "byte_scan.hpp"

namespace waybill::transfer {
namespace {

/// The length of the UTF-8 character at `p` (RFC 3629: shortest form, no surrogates, up to U+10FFFF); 0 if it is none.
[[nodiscard]] std::size_t utf8_length(const unsigned char* p, std::size_t left) {
  const auto continues = [&](std::size_t i) { return (p[i] & 0xC0u) == 0x80u; };
  if (p[0] < 0x80) return 1;
  if (p[0] < 0xC2) return 0;
  if (p[0] < 0xE0) return left >= 2 && continues(1) ? 2 : 0;
  if (p[0] < 0xF0) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    const bool overlong = p[0] == 0xE0 && p[1] < 0xA0;
    const bool surrogate = p[0] == 0xED && p[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (p[0] > 0xF4 || left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  const bool overlong = p[0] == 0xF0 && p[1] < 0x90;
  const bool beyond = p[0] == 0xF4 && p[1] >= 0x90;
  return overlong || beyond ? 0 : 4;
}

[[nodiscard]] bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/// The text that stands for `c` in a JSON string; c is below 0x20, '"' or '\\'.
[[nodiscard]] std::string_view escape_of(unsigned char c, char (&room)[7]) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      constexpr char digits[] = "0123456789abcdef";
      std::memcpy(room, "\\u00", 4);
      room[4] = digits[c >> 4];
      room[5] = digits[c & 15];
      return {room, 6};
  }
}

[[nodiscard]] int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

bool append_json_string(std::string& out, std::string_view text, std::size_t max_bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t size = text.size();
  std::size_t added = 0;
  std::size_t at = 0;
  bool whole = true;
  out.push_back('"');
  while (at < size) {
    std::size_t run =
        at + skip_clean(text.data() + at, size - at, [](std::uint64_t w) {
          return bytes_below(w, 0x20) | (w & high_bits) | zero_bytes(w ^ each_byte * '"') | zero_bytes(w ^ each_byte * '\\');
        });
    while (run < size && is_plain(p[run])) ++run;
    if (run > at) {
      const std::size_t fits = std::min(run - at, max_bytes - added);
      out.append(text.data() + at, fits);
      added += fits;
      whole = fits == run - at;
      at = run;
    } else {
      char room[7];
      const std::size_t length = p[at] < 0x80 ? 0 : utf8_length(p + at, size - at);
      const std::string_view piece = length > 0     ? text.substr(at, length)
                                     : p[at] < 0x80 ? escape_of(p[at], room)
                                                    : std::string_view{"\xEF\xBF\xBD"};
      whole = piece.size() <= max_bytes - added;
      if (whole) out.append(piece);
      added += piece.size();
      at += length > 0 ? length : 1;
    }
    if (!whole) break;
  }
  out.push_back('"');
  return whole;
}

bool is_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t at = 0;
  while (at < text.size()) {
    at += skip_clean(text.data() + at, text.size() - at, [](std::uint64_t w) { return w & high_bits; });
    if (at == text.size()) break;
    const auto length = utf8_length(p + at, text.size() - at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void append_base64(std::string& out, std::string_view bytes) {
  const auto at = out.size();
  const auto length = (bytes.size() + 2) / 3 * 4;
  out.resize(at + length + 1);  // EVP_EncodeBlock ends its text with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + at), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.resize(at + length);
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::string to_base64url(std::string_view bytes) {
  auto out = to_base64(bytes);
  while (!out.empty() && out.back() == '=') out.pop_back();
  for (auto& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 == 0)
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>(bits >> held & 0xFFu));
    }
  }
  return out;
}

}  // namespace waybill::transfer
