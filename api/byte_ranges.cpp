// SPDX-License-Identifier: Apache-2.0
#include "api/byte_ranges.hpp"

#include <algorithm>
#include <charconv>

namespace waybill::api {

namespace {

constexpr std::string_view unit = "bytes";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A number too large for 64 bits is as good as the largest: it lies behind every end.
std::uint64_t number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return read.ec == std::errc{} ? value : UINT64_MAX;
}

/// One of the list. False if it is none; nothing in `out` if it lies outside of the content.
bool take_range(std::string_view text, std::uint64_t size, std::optional<byte_range>& out) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto first = text.substr(0, dash);
  const auto last = text.substr(dash + 1);
  if (first.empty()) {
    if (!is_digits(last)) return false;
    const auto length = std::min(number(last), size);
    if (length > 0) out = byte_range{size - length, size - 1};
    return true;
  }
  if (!is_digits(first) || !(last.empty() || is_digits(last))) return false;
  const auto from = number(first);
  const auto to = last.empty() ? UINT64_MAX : number(last);
  if (to < from) return false;
  if (from < size) out = byte_range{from, std::min(to, size - 1)};
  return true;
}

bool overlaps(const std::vector<byte_range>& parts, const byte_range& with) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const byte_range& p) { return p.first <= with.last && with.first <= p.last; });
}

bool is_bytes(std::string_view name) {
  return name.size() == unit.size() && std::equal(name.begin(), name.end(), unit.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}

/// Takes the next element off a comma-separated list.
std::string_view take_element(std::string_view& list) {
  const auto end = std::min(list.find(','), list.size());
  const auto element = trimmed(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

}  // namespace

wanted_ranges parse_ranges(std::string_view field, std::uint64_t size) {
  const auto equals = field.find('=');
  if (equals == std::string_view::npos || !is_bytes(trimmed(field.substr(0, equals)))) return {};
  auto list = field.substr(equals + 1);
  wanted_ranges wanted;
  std::size_t seen = 0;
  std::uint64_t sum = 0;
  while (!list.empty()) {
    const auto element = take_element(list);
    if (element.empty()) continue;
    if (++seen > most_ranges) return {};
    std::optional<byte_range> part;
    if (!take_range(element, size, part)) return {};
    if (!part) continue;
    if (overlaps(wanted.parts, *part)) return {};
    sum += part->size();
    wanted.parts.push_back(*part);
  }
  if (seen == 0) return {};
  if (wanted.parts.empty()) return {range_verdict::unsatisfiable, {}};
  if (wanted.parts.size() > 1 && sum >= size) return {};
  wanted.verdict = range_verdict::parts;
  return wanted;
}

bool lists_etag(std::string_view field, std::string_view etag, etag_match how) {
  if (trimmed(field) == "*") return true;
  while (!field.empty()) {
    auto element = take_element(field);
    const bool is_weak = element.substr(0, 2) == "W/";
    if (is_weak && how == etag_match::strong) continue;
    if (is_weak) element.remove_prefix(2);
    if (element == etag) return true;
  }
  return false;
}

std::string content_range(const byte_range& part, std::uint64_t size) {
  return "bytes " + std::to_string(part.first) + "-" + std::to_string(part.last) + "/" + std::to_string(size);
}

}  // namespace waybill::api
