// SPDX-License-Identifier: Apache-2.0
#include "api/trace_context.hpp"

#include <algorithm>

#include "core/model/id.hpp"
#include "core/security/digest.hpp"

namespace waybill::api {

namespace {

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

bool is_request_id_character(char c) {
  const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return alphanumeric || std::string_view{"._-:/+=@"}.find(c) != std::string_view::npos;
}

}  // namespace

bool is_traceparent(std::string_view text) {
  constexpr std::size_t size = 2 + 1 + 32 + 1 + 16 + 1 + 2;
  if (text.size() < size || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const auto version = text.substr(0, 2);
  const auto trace = text.substr(3, 32);
  const auto parent = text.substr(36, 16);
  if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(text.substr(53, 2)))
    return false;
  if (version == "ff" || all_zero(trace) || all_zero(parent)) return false;
  if (text.size() == size) return true;
  return version != "00" && text[size] == '-' && text.size() <= 256;
}

std::string traceparent_from(std::string_view sent) {
  if (is_traceparent(sent)) return std::string{sent};
  const auto trace = core::new_uuid7();
  const auto parent = core::new_uuid7();
  // Of a UUIDv7 the last eight bytes are the random ones; its variant bits keep them from being all zero.
  return "00-" + core::to_hex(trace.data(), trace.size()) + "-" + core::to_hex(parent.data() + 8, 8) + "-00";
}

std::string request_id_from(std::string_view sent) {
  const bool usable = !sent.empty() && sent.size() <= 128 && std::all_of(sent.begin(), sent.end(), is_request_id_character);
  if (usable) return std::string{sent};
  return "req_" + core::to_base32(core::new_uuid7());
}

}  // namespace waybill::api
