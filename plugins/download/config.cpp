// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include <arpa/inet.h>
#include <nlohmann/json.hpp>

namespace waybill::download {
namespace {

using nlohmann::json;

bool has_bits_beyond(const std::uint8_t* address, unsigned bits, unsigned width) {
  for (unsigned i = bits; i < width; ++i)
    if ((address[i / 8] >> (7 - i % 8) & 1) != 0) return true;
  return false;
}

void check_ranges(const json& ranges, sdk::fault_sink& faults) {
  if (!ranges.is_array()) return;  // the schema says it
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (ranges[i].is_string() && !is_range(ranges[i].get<std::string>()))
      faults("/allowedIpRanges/" + std::to_string(i), "range",
             "is not the first address of a range with its prefix length, such as 10.20.0.0/16 or fd00::/8");
}

void check_base_url(const json& value, sdk::fault_sink& faults) {
  if (!value.is_string()) return;
  const auto& url = value.get_ref<const std::string&>();
  const auto begin = url.find("//");
  const auto host = begin == std::string::npos ? std::string{} : url.substr(begin + 2);
  const auto odd = [](char c) { return c <= ' ' || static_cast<unsigned char>(c) >= 0x7F || c == '"' || c == '\\'; };
  if (host.empty() || host.front() == '/' || host.front() == ':' || std::any_of(url.begin(), url.end(), odd) ||
      url.find_first_of("?#@") != std::string::npos)
    faults("/baseUrl", "format", "must be http://… or https://… with a host, and without user name, query or fragment");
}

}  // namespace

bool is_range(const std::string& text) {
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  std::uint8_t address[16];
  const bool v4 = host.find('\0') == std::string::npos && ::inet_pton(AF_INET, host.c_str(), address) == 1;
  if (!v4 && (host.find('\0') != std::string::npos || ::inet_pton(AF_INET6, host.c_str(), address) != 1)) return false;
  const unsigned width = v4 ? 32 : 128;
  if (slash == std::string::npos) return true;
  const auto digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, bits);
  return read.ec == std::errc{} && read.ptr == end && digits.size() <= 3 && bits <= width &&
         !has_bits_beyond(address, bits, width);
}

void check_config(std::string_view text, sdk::fault_sink& faults) {
  const auto config = json::parse(text, nullptr, false);
  if (!config.is_object()) return faults("", "type", "must be an object");
  if (const auto found = config.find("allowedIpRanges"); found != config.end()) check_ranges(*found, faults);
  if (const auto found = config.find("baseUrl"); found != config.end()) check_base_url(*found, faults);
  const auto mode = config.value("passwordMode", json{"none"});
  const auto password = config.find("password");
  if (mode == "shared" && password == config.end()) faults("/password", "required", "is required with passwordMode shared");
  if (mode != "shared" && password != config.end())
    faults("/password", "unused", "is only used with passwordMode shared: leave it out, or choose shared");
  if (password != config.end() && password->is_string()) {
    const auto& clear = password->get_ref<const std::string&>();
    if (std::any_of(clear.begin(), clear.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
      faults("/password", "format", "must not hold control characters");
  }
}

}  // namespace waybill::download
