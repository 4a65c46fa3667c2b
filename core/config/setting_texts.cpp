// SPDX-License-Identifier: Apache-2.0
#include "core/config/setting_texts.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/security/network_guard.hpp"
#include "core/security/secret_box.hpp"

#include <arpa/inet.h>

namespace waybill::core::setting_texts {
namespace {

std::optional<std::string> unless(bool right, const char* sentence) {
  return right ? std::nullopt : std::optional<std::string>{sentence};
}

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc{} && end == text.data() + text.size() && text.size() <= 5 && port <= 65'535;
}

bool is_address(const std::string& text, int family) {
  unsigned char bytes[16];
  return ::inet_pton(family, text.c_str(), bytes) == 1;
}

bool is_plain(char c) { return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\'; }

// Scheme, host and what may follow; enough to build links from. Whether the host exists is not known here.
bool is_http_url(std::string_view text) {
  const auto scheme = starts_with(text, "https://") ? 8 : starts_with(text, "http://") ? 7 : 0;
  if (scheme == 0 || !std::all_of(text.begin(), text.end(), is_plain)) return false;
  text.remove_prefix(static_cast<std::size_t>(scheme));
  const auto authority = text.substr(0, text.find('/'));
  return !authority.empty() && authority.front() != ':' && text.find_first_of("?#@") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> folder(const std::string& text) { return unless(!text.empty(), "Must not be empty."); }

std::optional<std::string> listen(const std::string& text) {
  const auto colon = text.rfind(':');
  bool right = false;
  if (colon != std::string::npos && is_port(std::string_view{text}.substr(colon + 1))) {
    const auto host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    right = bracketed ? is_address(host.substr(1, host.size() - 2), AF_INET6) : is_address(host, AF_INET);
    right = right || host == "localhost";
  }
  return unless(right, "Must be ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080.");
}

std::optional<std::string> public_url(const std::string& text) {
  return unless(text.empty() || is_http_url(text),
                "Must be an http:// or https:// URL without query, such as https://waybill.example.com.");
}

std::optional<std::string> store_url(const std::string& text) {
  const bool sqlite = starts_with(text, "sqlite://") && text.size() > 9;
  const bool postgres = starts_with(text, "postgresql://") || starts_with(text, "postgres://");
  return unless(text.empty() || sqlite || postgres, "Must be sqlite://PATH or postgresql://USER:PASSWORD@HOST/DATABASE.");
}

std::optional<std::string> tls_mode(const std::string& text) {
  const bool right = text.empty() || text == "disable" || text == "prefer" || text == "require" || text == "verify-ca" ||
                     text == "verify-full";
  return unless(right, "Must be disable, prefer, require, verify-ca or verify-full.");
}

std::optional<std::string> range(const std::string& text) {
  auto parsed = ip_range::parse(text);
  return parsed ? std::nullopt : std::optional{std::move(parsed.error().message)};
}

std::optional<std::string> master_key(const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto parsed = parse_master_key(text);
  return parsed ? std::nullopt : std::optional{std::move(parsed.error().message)};
}

std::optional<std::string> log_level(const std::string& text) {
  const bool right = text == "debug" || text == "info" || text == "warning" || text == "error";
  return unless(right, "Must be debug, info, warning or error.");
}

std::optional<std::string> log_format(const std::string& text) {
  return unless(text == "text" || text == "json", "Must be text or json.");
}

std::optional<std::string> forwarded_header(const std::string& text) {
  return unless(text == "x-forwarded-for" || text == "forwarded", "Must be x-forwarded-for or forwarded.");
}

}  // namespace waybill::core::setting_texts
