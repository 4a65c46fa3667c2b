// SPDX-License-Identifier: Apache-2.0
#include "azure_signature.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::storage {
namespace {

// In this order, the empty ones as empty lines. Content-Length stands third and comes from elsewhere.
constexpr std::array<std::string_view, 2> before_length{"content-encoding", "content-language"};
constexpr std::array<std::string_view, 8> after_length{
    "content-md5", "content-type", "date", "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"};

[[nodiscard]] std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

[[nodiscard]] std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string azure_string_to_sign(const std::string& account, const azure_signed_request& what) {
  std::map<std::string, std::string> headers;
  what.headers.each(
      [&](std::string_view name, std::string_view value, transfer::secrecy) { headers[lower(name)] = trimmed(value); });
  const auto line = [&](std::string_view name) {
    const auto found = headers.find(std::string{name});
    return (found == headers.end() ? std::string{} : found->second) + "\n";
  };
  std::string out{what.method};
  out += '\n';
  for (const auto name : before_length) out += line(name);
  out += (what.content_length == 0 ? std::string{} : std::to_string(what.content_length)) + "\n";
  for (const auto name : after_length) out += line(name);
  for (const auto& [name, value] : headers)
    if (name.rfind("x-ms-", 0) == 0) out.append(name).append(":").append(value).append("\n");
  out.append("/").append(account).append(what.path);
  auto query = what.query;
  std::sort(query.begin(), query.end());
  for (const auto& [name, value] : query) out.append("\n").append(name).append(":").append(value);
  return out;
}

std::string azure_authorization(const std::string& account, std::string_view key, const azure_signed_request& what) {
  const auto code = transfer::hmac_sha256(key, azure_string_to_sign(account, what));
  return "SharedKey " + account + ":" + transfer::to_base64(transfer::as_text(code));
}

}  // namespace waybill::storage
