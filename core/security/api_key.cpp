// SPDX-License-Identifier: Apache-2.0
#include "core/security/api_key.hpp"

#include <algorithm>

#include "core/security/digest.hpp"

#include <openssl/crypto.h>

namespace waybill::core {
namespace {

constexpr std::string_view prefix = "wbk_";
constexpr std::size_t id_size = 26;
constexpr std::size_t secret_size = 43;

std::string to_base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

bool is_base64url(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace

new_key_text make_key_text(key_id id) {
  const std::string secret = to_base64url(random_bytes(32));
  return {std::string{prefix} + to_base32(id.bytes()) + "_" + secret, sha256(secret)};
}

std::optional<presented_key> parse_key_text(std::string_view text) {
  if (text.size() != prefix.size() + id_size + 1 + secret_size || text.substr(0, prefix.size()) != prefix) return std::nullopt;
  text.remove_prefix(prefix.size());
  const auto id = from_base32(text.substr(0, id_size));
  const auto secret = text.substr(id_size + 1);
  if (!id || text[id_size] != '_' || !is_base64url(secret)) return std::nullopt;
  return presented_key{key_id{*id}, std::string{secret}};
}

bool matches(const presented_key& presented, const sha256_digest& secret_hash) {
  const auto hash = sha256(presented.secret);
  return CRYPTO_memcmp(hash.data(), secret_hash.data(), hash.size()) == 0;
}

}  // namespace waybill::core
