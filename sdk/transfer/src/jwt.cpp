// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/jwt.hpp>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include <waybill/host.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::transfer {
namespace {

constexpr std::size_t p256_number_bytes = 32;
constexpr int shortest_rsa_bits = 2'048;          // RFC 7518 section 3.3
constexpr std::size_t shortest_hs256_bytes = 32;  // RFC 7518 section 3.2

[[nodiscard]] const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// libcrypto signs ECDSA as a DER sequence; a token holds the two numbers, 32 bytes each (RFC 7518 section 3.4).
[[nodiscard]] std::string plain_ecdsa(const std::string& der) {
  struct sig_free {
    void operator()(ECDSA_SIG* s) const { ECDSA_SIG_free(s); }
  };
  const unsigned char* at = bytes(der);
  const std::unique_ptr<ECDSA_SIG, sig_free> parsed{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  if (!parsed) return {};
  std::string out(2 * p256_number_bytes, '\0');
  auto* const to = reinterpret_cast<unsigned char*>(out.data());
  const int size = static_cast<int>(p256_number_bytes);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), to, size) != size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), to + size, size) != size)
    return {};
  return out;
}

[[nodiscard]] bool is_p256(const EVP_PKEY& key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(&key, name.data(), name.size(), &size) == 1 &&
         std::string_view{name.data(), size} == "prime256v1";
}

void append_claim(std::string& out, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  out.push_back('"');
  out.append(name).append("\":");
  append_json_string(out, value);
  out.push_back(',');
}

}  // namespace

std::string jwt_signer::why_unusable(const jwt_settings& settings) {
  if (settings.algorithm == "HS256")
    return settings.key.size() >= shortest_hs256_bytes ? std::string{} : "must have at least 32 bytes for HS256";
  const auto key = transfer::read_private_key(settings.key);
  const int type = key ? EVP_PKEY_get_base_id(key.get()) : EVP_PKEY_NONE;
  if (settings.algorithm == "RS256")
    return type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key.get()) >= shortest_rsa_bits
               ? std::string{}
               : "must be an RSA private key of at least 2048 bits in PEM, without a password";
  if (settings.algorithm == "ES256")
    return type == EVP_PKEY_EC && is_p256(*key) ? std::string{} : "must be a P-256 private key in PEM, without a password";
  if (settings.algorithm == "EdDSA")
    return type == EVP_PKEY_ED25519 ? std::string{} : "must be an Ed25519 private key in PEM, without a password";
  return "the algorithm is not known";
}

jwt_signer::jwt_signer(jwt_settings settings) : settings_(std::move(settings)) {
  if (settings_.algorithm != "HS256") key_ = transfer::read_private_key(settings_.key);
  std::string header = "{";
  append_claim(header, "kid", settings_.key_id);
  header.append(settings_.header_members);
  header.append("\"alg\":\"").append(settings_.algorithm).append("\",\"typ\":\"JWT\"}");
  header_ = to_base64url(header);
}

std::string jwt_signer::sign(std::int64_t now_s) const {
  std::string id(16, '\0');
  if (!sdk::random_bytes(reinterpret_cast<std::uint8_t*>(id.data()), id.size())) id.clear();
  std::string claims = "{";
  append_claim(claims, "iss", settings_.issuer);
  append_claim(claims, "sub", settings_.subject);
  append_claim(claims, "aud", settings_.audience);
  if (!id.empty()) append_claim(claims, "jti", to_base64url(id));
  claims.append(settings_.claims);
  claims.append("\"iat\":").append(std::to_string(now_s));
  claims.append(",\"exp\":").append(std::to_string(now_s + settings_.lifetime_s)).push_back('}');
  auto token = header_ + "." + to_base64url(claims);
  const auto signed_by = signature(token);
  if (signed_by.empty()) return {};
  return token + "." + to_base64url(signed_by);
}

std::string jwt_signer::signature(const std::string& message) const {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  if (settings_.algorithm == "HS256") {
    unsigned size = 0;
    if (HMAC(EVP_sha256(), settings_.key.data(), static_cast<int>(settings_.key.size()), bytes(message), message.size(),
             reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr)
      return {};
    out.resize(size);
    return out;
  }
  struct context_free {
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  };
  const std::unique_ptr<EVP_MD_CTX, context_free> context{EVP_MD_CTX_new()};
  const EVP_MD* const digest = settings_.algorithm == "EdDSA" ? nullptr : EVP_sha256();
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  out.resize(size);
  const bool good =
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes(message), message.size()) == 1;
  ERR_clear_error();
  if (!good) return {};
  out.resize(size);
  return settings_.algorithm == "ES256" ? plain_ecdsa(out) : out;
}

}  // namespace waybill::transfer
