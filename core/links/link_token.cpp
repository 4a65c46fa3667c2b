// SPDX-License-Identifier: Apache-2.0
#include "core/links/link_token.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/security/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace waybill::core {
namespace {

constexpr std::string_view mark = "/d/";
constexpr std::size_t id_size = 26;
constexpr std::size_t mac_size = 43;  // 32 bytes, base64url without padding
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

bool is_url_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

std::string to_base64url(std::string_view bytes) {
  auto text = to_base64(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

sha256_digest hmac(const master_key& key, const std::string& text) {
  sha256_digest mac{};
  unsigned int size = 0;
  // Without HMAC there is no token that could be trusted.
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), mac.data(), &size) == nullptr)
    std::abort();
  return mac;
}

/// The id of a token that begins at `from`.
std::optional<link_id> token_at(std::string_view text, std::size_t from) {
  const auto token = text.substr(std::min(from, text.size()), id_size + mac_size);
  if (token.size() < id_size + mac_size) return std::nullopt;
  const auto mac = token.substr(id_size);
  if (!std::all_of(mac.begin(), mac.end(), is_url_digit)) return std::nullopt;
  const auto bytes = from_base32(token.substr(0, id_size));
  if (!bytes) return std::nullopt;
  return link_id{*bytes};
}

}  // namespace

link_signer::link_signer(const master_key& key) : key_(derive_key(key, "waybill download links v1")) {}
link_signer::~link_signer() { OPENSSL_cleanse(key_.data(), key_.size()); }

std::string link_signer::token(organization_id org, link_id id) const {
  std::string signed_bytes{"waybill-link-1"};
  signed_bytes.append(reinterpret_cast<const char*>(org.bytes().data()), org.bytes().size());
  signed_bytes.append(reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size());
  const auto mac = hmac(key_, signed_bytes);
  return to_base32(id.bytes()) + to_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

sha256_digest link_signer::fingerprint(std::string_view text) const {
  return hmac(key_, std::string{"waybill-options-1"}.append(text));
}

std::string link_signer::url(std::string_view base, organization_id org, link_id id) const {
  while (!base.empty() && base.back() == '/') base.remove_suffix(1);
  return std::string{base} + std::string{mark} + token(org, id);
}

sha256_digest token_hash(std::string_view token) { return sha256(token); }

std::optional<link_id> link_in(std::string_view text) {
  for (auto at = text.rfind(mark); at != std::string_view::npos; at = at == 0 ? at : text.rfind(mark, at - 1)) {
    if (const auto id = token_at(text, at + mark.size())) return id;
    if (at == 0) break;
  }
  return std::nullopt;
}

std::string without_link_secrets(std::string text) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1))
    if (token_at(text, at + mark.size())) text.replace(at + mark.size() + id_size, mac_size, ellipsis);
  return text;
}

}  // namespace waybill::core
