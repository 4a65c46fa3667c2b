// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/header_list.hpp>

#include <algorithm>
#include <array>

#include "byte_scan.hpp"

namespace waybill::transfer {
namespace {

[[nodiscard]] constexpr bool is_control(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && u != '\t') || u == 0x7f;
}

[[nodiscard]] constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr std::array<std::string_view, 14> credential_headers{"authorization",    "proxy-authorization",
                                                              "cookie",           "set-cookie",
                                                              "x-api-key",        "api-key",
                                                              "apikey",           "x-auth-token",
                                                              "x-access-token",   "x-amz-security-token",
                                                              "x-goog-api-key",   "x-postmark-server-token",
                                                              "www-authenticate", "proxy-authenticate"};

}  // namespace

void header_list::add(std::string_view name, std::string_view value, secrecy marked) {
  if (value.empty()) return;
  entries_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size()), marked});
  text_.append(name).append(": ", 2);
  const auto at = text_.size();
  text_.append(value).push_back('\0');
  const auto clean = skip_clean(text_.data() + at, value.size(),
                                [](std::uint64_t w) { return bytes_below(w, 0x20) | zero_bytes(w ^ each_byte * 0x7f); });
  for (auto i = at + clean; i + 1 < text_.size(); ++i)
    if (is_control(text_[i])) text_[i] = ' ';
}

void header_list::remove(std::string_view name) {
  const auto named = [&](const entry& e) { return equal_ignoring_case(name, {text_.data() + e.begin, e.name}); };
  entries_.erase(std::remove_if(entries_.begin(), entries_.end(), named), entries_.end());
}

void header_list::reserve(std::size_t headers, std::size_t bytes) {
  entries_.reserve(headers);
  text_.reserve(bytes);
}

void header_list::clear() {
  text_.clear();
  entries_.clear();
  nodes_.clear();
}

curl_slist* header_list::chain(curl_slist* tail) {
  nodes_.resize(entries_.size());
  for (auto i = nodes_.size(); i-- > 0;) {
    nodes_[i] = {text_.data() + entries_[i].begin, tail};
    tail = &nodes_[i];
  }
  return tail;
}

bool header_list::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const entry& e) {
    return equal_ignoring_case(name, {text_.data() + e.begin, e.name});
  });
}

bool is_credential_header(std::string_view name) {
  static constexpr auto lengths = [] {
    std::uint32_t set = 0;
    for (const auto known : credential_headers) set |= 1u << known.size();
    return set;
  }();
  return name.size() < 32 && (lengths >> name.size() & 1u) != 0 &&
         std::any_of(credential_headers.begin(), credential_headers.end(),
                     [&](std::string_view known) { return equal_ignoring_case(known, name); });
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || marks.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) { return std::none_of(value.begin(), value.end(), is_control); }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace waybill::transfer
