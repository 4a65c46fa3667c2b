// SPDX-License-Identifier: Apache-2.0
#include "core/store/cursor_text.hpp"

#include <algorithm>
#include <array>

namespace waybill::core {
namespace {

// kind, sixteen bytes, one byte of check sum: 18 bytes are 24 characters without padding.
constexpr std::size_t raw_size = 18;
constexpr std::size_t text_size = 24;
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
using raw_cursor = std::array<std::uint8_t, raw_size>;

std::uint8_t check_sum(const raw_cursor& raw) {
  std::uint32_t hash = 2166136261u;
  for (std::size_t i = 0; i + 1 < raw_size; ++i) hash = (hash ^ raw[i]) * 16777619u;
  return static_cast<std::uint8_t>(hash >> 24);
}

std::string encode(const raw_cursor& raw) {
  std::string text;
  text.reserve(text_size);
  for (std::size_t i = 0; i < raw_size; i += 3) {
    const std::uint32_t group = std::uint32_t{raw[i]} << 16 | std::uint32_t{raw[i + 1]} << 8 | raw[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) text += alphabet[group >> shift & 63u];
  }
  return text;
}

std::optional<raw_cursor> decode(std::string_view text) {
  raw_cursor raw{};
  if (text.size() != text_size) return std::nullopt;
  for (std::size_t i = 0; i < text_size; i += 4) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const auto digit = alphabet.find(text[i + j]);
      if (digit == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t j = 0; j < 3; ++j) raw[i / 4 * 3 + j] = static_cast<std::uint8_t>(group >> (16 - 8 * j));
  }
  return raw;
}

}  // namespace

std::string make_cursor(cursor_kind kind, const id_bytes& last) {
  raw_cursor raw{};
  raw[0] = static_cast<std::uint8_t>(kind);
  std::copy(last.begin(), last.end(), raw.begin() + 1);
  raw[raw_size - 1] = check_sum(raw);
  return encode(raw);
}

result<id_bytes> read_cursor(cursor_kind kind, std::string_view text) {
  const auto raw = decode(text);
  if (!raw || (*raw)[0] != static_cast<std::uint8_t>(kind) || raw->back() != check_sum(*raw)) {
    error fault{error_code::validation_error, "The cursor is not one that an answer gave.", {}, {}};
    fault.fields.push_back({"cursor", "cursor", "Use `nextCursor` of the previous page unchanged, with the same list."});
    return fail(std::move(fault));
  }
  id_bytes last{};
  std::copy(raw->begin() + 1, raw->end() - 1, last.begin());
  return last;
}

result<id_bytes> read_cursor_or(cursor_kind kind, std::string_view text, const id_bytes& first) {
  if (text.empty()) return first;
  return read_cursor(kind, text);
}

}  // namespace waybill::core
