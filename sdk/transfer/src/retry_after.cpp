// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/retry_after.hpp>

#include <algorithm>
#include <string>

#include <curl/curl.h>

namespace waybill::transfer {
namespace {

constexpr std::int64_t longest_ms = std::int64_t{365} * 24 * 60 * 60 * 1'000;
constexpr std::size_t longest_text = 64;  // the longest HTTP-date, RFC 850 with a long weekday, has 33

[[nodiscard]] std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

[[nodiscard]] bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, std::int64_t now_ms) {
  text = trimmed(text);
  if (text.empty() || text.size() > longest_text) return std::nullopt;
  if (std::all_of(text.begin(), text.end(), is_digit)) {
    std::int64_t ms = 0;
    for (const char c : text) ms = std::min(longest_ms, ms * 10 + std::int64_t{c - '0'} * 1'000);
    return std::chrono::milliseconds{ms};
  }
  // Every HTTP-date starts with a weekday; curl_getdate alone would take "12" or "2030" for a date too.
  if (is_digit(text.front()) || text.find(':') == std::string_view::npos) return std::nullopt;
  const std::string copy{text};
  const auto at = curl_getdate(copy.c_str(), nullptr);
  if (at < 0) return std::nullopt;
  const auto far = now_ms / 1'000 + longest_ms / 1'000;
  const auto wait_ms = std::min<std::int64_t>(at, far) * 1'000 - now_ms;
  return std::chrono::milliseconds{std::clamp<std::int64_t>(wait_ms, 0, longest_ms)};
}

}  // namespace waybill::transfer
