// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/foreign_text.hpp"

#include <algorithm>

#include <simdjson.h>

namespace waybill::core {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::size_t max_record_depth = 64;

bool is_unwanted_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
}

/// Length of the well-formed sequence at the front (Unicode 15, table 3-7), 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0) {
      out += replacement;
    } else if (is_unwanted_control(text.front())) {
      out += ' ';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string_view cut_at_character(std::string_view text, std::size_t cap) {
  while (cap > 0 && (static_cast<unsigned char>(text[cap]) & 0xC0u) == 0x80) --cap;
  return text.substr(0, cap);
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t cap) {
  const bool cut = text.size() > cap;
  if (cut) text = cut_at_character(text, cap - std::min(cap, ellipsis.size()));
  const bool is_clean =
      std::none_of(text.begin(), text.end(), is_unwanted_control) && simdjson::validate_utf8(text.data(), text.size());
  auto out = is_clean ? std::string{text} : repaired(text);
  if (cut) out += ellipsis;
  return out;
}

std::string clean_text(wb_str text, std::size_t cap) {
  if (text.ptr == nullptr || text.size == 0) return {};
  // One byte past the cap is enough to see that it was cut; the sender's size is not trusted for more.
  return clean_text(std::string_view{text.ptr, static_cast<std::size_t>(std::min<std::uint64_t>(text.size, cap + 1))}, cap);
}

record_verdict check_record(wb_str record) {
  if (record.ptr == nullptr || record.size == 0) return record_verdict::empty;
  if (record.size > max_record_bytes) return record_verdict::too_large;
  // A parser a thread: its buffers are reused, so a check allocates nothing after the first few.
  thread_local simdjson::dom::parser parser{max_record_bytes};
  thread_local bool ready = parser.allocate(max_record_bytes, max_record_depth) == simdjson::SUCCESS;
  if (!ready) return record_verdict::not_a_json_object;
  simdjson::dom::element root;
  const auto size = static_cast<std::size_t>(record.size);
  if (parser.parse(record.ptr, size, /*realloc_if_needed=*/true).get(root) != simdjson::SUCCESS)
    return record_verdict::not_a_json_object;
  return root.is_object() ? record_verdict::good : record_verdict::not_a_json_object;
}

}  // namespace waybill::core
