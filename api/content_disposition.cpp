// SPDX-License-Identifier: Apache-2.0
#include "api/content_disposition.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace waybill::api {

namespace {

constexpr std::size_t longest_name = 255;

/// RFC 8187 section 3.2.1, attr-char; the rest is escaped.
bool is_attr_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view{"!#$&+-.^_`|~"}.find(c) != std::string_view::npos;
}

/// RFC 6266 section 4.3: no path, no control character, and not the name of a folder.
std::string base_name(std::string_view filename) {
  const auto slash = filename.find_last_of("/\\");
  if (slash != std::string_view::npos) filename.remove_prefix(slash + 1);
  std::string name;
  for (const char c : filename)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) name += c;
  if (name.size() > longest_name) {
    name.resize(longest_name);
    // Not within a character of several bytes.
    while (!name.empty() && (static_cast<unsigned char>(name.back()) & 0xC0) == 0x80) name.pop_back();
    if (!name.empty() && static_cast<unsigned char>(name.back()) >= 0xC0) name.pop_back();
  }
  while (!name.empty() && (name.front() == ' ' || name.front() == '.')) name.erase(0, 1);
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
}

/// Within quotes clients disagree on escapes: what would need one is replaced, and so is a percent sign, which some undo.
std::string quoted(const std::string& name) {
  std::string out{"\""};
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // of a character that is one underscore already
    out += byte >= 0x7F || c == '"' || c == '\\' || c == '%' || c == ';' ? '_' : c;
  }
  return out + "\"";
}

}  // namespace

std::string attachment_named(std::string_view filename) {
  const auto name = base_name(filename);
  if (name.empty()) return "attachment";
  const auto fallback = quoted(name);
  auto out = "attachment; filename=" + fallback;
  if (fallback.size() == name.size() + 2 && fallback.compare(1, name.size(), name) == 0) return out;
  out += "; filename*=UTF-8''";
  for (const char c : name) {
    if (is_attr_char(c))
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace waybill::api
