// SPDX-License-Identifier: Apache-2.0
#include "api/client_address.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <arpa/inet.h>

namespace waybill::api {

namespace {

constexpr std::size_t most_hops = 32;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct parsed_address {
  std::uint8_t bytes[16];
  std::size_t size = 0;
};

std::optional<parsed_address> parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  parsed_address out;
  if (::inet_pton(AF_INET, terminated, out.bytes) == 1) {
    out.size = 4;
    return out;
  }
  if (::inet_pton(AF_INET6, terminated, out.bytes) != 1) return std::nullopt;
  out.size = 16;
  constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::memcmp(out.bytes, mapped, sizeof mapped) == 0) {
    std::memmove(out.bytes, out.bytes + 12, 4);
    out.size = 4;
  }
  return out;
}

std::string to_text(const parsed_address& address) {
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.bytes, text, sizeof text);
}

bool is_port(std::string_view text) {
  return text.size() >= 2 && text.size() <= 6 && text[0] == ':' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool equals_ignoring_case(std::string_view a, std::string_view lower_case) {
  return a.size() == lower_case.size() && std::equal(a.begin(), a.end(), lower_case.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 0x20) : x) == y;
         });
}

/// Splits at `separator` outside of quotes, the last part first.
template <class Each>
bool from_the_right(std::string_view text, char separator, Each each) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\\' && quoted) return false;  // an escape: no address needs one
    if (text[i] != separator || quoted) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  if (quoted) return false;
  parts.push_back(trimmed(text.substr(begin)));
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    if (!part->empty() && !each(*part)) return false;
  return true;
}

/// RFC 7239 section 4: the `for` of one element; empty if it has none, or two.
std::string_view for_of(std::string_view element) {
  std::string_view found;
  bool twice = false;
  const bool whole = from_the_right(element, ';', [&](std::string_view pair) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || !equals_ignoring_case(trimmed(pair.substr(0, equals)), "for")) return true;
    twice = twice || !found.empty();
    found = trimmed(pair.substr(equals + 1));
    return true;
  });
  return whole && !twice ? found : std::string_view{};
}

}  // namespace

std::optional<std::string> forwarded_address(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const auto port = text.substr(end + 1);
    if (!port.empty() && !is_port(port)) return std::nullopt;
    text = text.substr(1, end - 1);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = text.find(':');
    if (!is_port(text.substr(colon))) return std::nullopt;
    text = text.substr(0, colon);
  }
  const auto address = parse(text);
  if (!address) return std::nullopt;
  return to_text(*address);
}

core::result<client_addresses> client_addresses::from(const std::vector<std::string>& trusted, forwarded_header from_where) {
  client_addresses made;
  made.header_ = from_where;
  for (const auto& text : trusted) {
    auto range = core::ip_range::parse(text);
    if (!range) return core::fail(core::error_code::validation_error, "server.trustedProxies: " + range.error().message);
    made.trusted_.push_back(*range);
  }
  return made;
}

bool client_addresses::is_trusted(const std::string& address) const {
  const auto parsed = parse(address);
  return parsed && std::any_of(trusted_.begin(), trusted_.end(),
                               [&](const core::ip_range& range) { return range.contains(parsed->bytes, parsed->size); });
}

std::string client_addresses::client_of(const std::string& peer, const std::vector<std::string_view>& lines) const {
  std::string client = peer;
  std::size_t hops = 0;
  const auto step = [&](std::string_view element) {
    if (!is_trusted(client) || ++hops > most_hops) return false;
    const auto address = forwarded_address(header_ == forwarded_header::forwarded ? for_of(element) : element);
    if (!address) return false;
    client = *address;
    return true;
  };
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (!from_the_right(*line, ',', step)) break;
  return client;
}

}  // namespace waybill::api
