// SPDX-License-Identifier: Apache-2.0
#include "signature.hpp"

#include <array>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <waybill/transfer/json_text.hpp>

namespace waybill::webhook {
namespace {

constexpr std::size_t ed25519_seed_bytes = 32;
constexpr std::size_t ed25519_pair_bytes = 64;  // the seed and the public key, as the reference implementations keep it

[[nodiscard]] transfer::private_key ed25519_key(const std::string& secret) {
  if (secret.compare(0, 10, "-----BEGIN") == 0) {
    auto key = transfer::read_private_key(secret);
    return key && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519 ? std::move(key) : nullptr;
  }
  auto decoded = decode_secret(secret);
  if (!decoded) return nullptr;
  auto& bytes = *decoded;
  if (bytes.size() != ed25519_seed_bytes && bytes.size() != ed25519_pair_bytes) return nullptr;
  transfer::private_key key{EVP_PKEY_new_raw_private_key(
      EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(bytes.data()), ed25519_seed_bytes)};
  OPENSSL_cleanse(bytes.data(), bytes.size());
  ERR_clear_error();
  return key;
}

[[nodiscard]] bool has_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

[[nodiscard]] bool update(EVP_MAC_CTX* mac, std::string_view bytes) {
  return EVP_MAC_update(mac, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1;
}

void append_separated(std::string& out, std::string_view label, std::string_view signature) {
  if (!out.empty()) out.push_back(' ');
  out.append(label);
  transfer::append_base64(out, signature);
}

[[nodiscard]] bool append_mac(std::string& out, std::string_view label, EVP_MAC_CTX* mac) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code;
  std::size_t size = 0;
  if (EVP_MAC_final(mac, code.data(), &size, code.size()) != 1) return false;
  append_separated(out, label, {reinterpret_cast<const char*>(code.data()), size});
  return true;
}

[[nodiscard]] bool append_ed25519(std::string& out, EVP_PKEY* key, std::string_view message) {
  struct context_free {
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
  };
  const std::unique_ptr<EVP_MD_CTX, context_free> context{EVP_MD_CTX_new()};
  std::array<unsigned char, 64> signature;
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(message.data()),
                     message.size()) != 1)
    return false;
  append_separated(out, "v1a,", {reinterpret_cast<const char*>(signature.data()), size});
  return true;
}

}  // namespace

std::optional<std::string> decode_secret(std::string_view secret) {
  for (const std::string_view prefix : {"whsec_", "whsk_"}) {
    if (!has_prefix(secret, prefix)) continue;
    auto key = transfer::from_base64(secret.substr(prefix.size()));
    if (key && key->empty()) return std::nullopt;
    return key;
  }
  if (secret.empty()) return std::nullopt;
  if (auto key = transfer::from_base64(secret); key && !key->empty()) return key;
  return std::string{secret};
}

std::string why_unusable(const signing_secret& secret) {
  if (secret.algorithm == "ed25519")
    return ed25519_key(secret.secret) ? std::string{}
                                      : "must be an ed25519 private key: whsk_ and 32 or 64 bytes in base64, or PEM";
  if (secret.algorithm != "hmac-sha256" && secret.algorithm != "hmac-sha512") return "the algorithm is not known";
  return decode_secret(secret.secret) ? std::string{} : "must be whsec_ and base64";
}

/// One live secret. Its context is set up once and used again and again: without a key, init keeps the one there is.
struct signer::key {
  std::string_view label;
  EVP_MAC_CTX* mac = nullptr;  ///< or, for ed25519:
  transfer::private_key ed25519;

  key() = default;
  key(const key&) = delete;
  key& operator=(const key&) = delete;
  ~key() { EVP_MAC_CTX_free(mac); }
};

signer::signer(const std::vector<signing_secret>& secrets) {
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  for (const auto& secret : secrets) {
    auto k = std::make_unique<key>();
    if (secret.algorithm == "ed25519") {
      k->label = "v1a,";
      k->ed25519 = ed25519_key(secret.secret);
      if (!k->ed25519) continue;
      needs_whole_ = true;
    } else {
      const bool long_one = secret.algorithm == "hmac-sha512";
      k->label = long_one ? "v1h512," : "v1,";
      auto decoded = decode_secret(secret.secret);
      if (!decoded) continue;
      auto& bytes = *decoded;
      char digest[] = "SHA256";
      char longer[] = "SHA512";
      const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, long_one ? longer : digest, 0),
                                   OSSL_PARAM_construct_end()};
      k->mac = EVP_MAC_CTX_new(hmac);
      EVP_MAC_init(k->mac, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), params);
      OPENSSL_cleanse(bytes.data(), bytes.size());
    }
    keys_.push_back(std::move(k));
  }
  EVP_MAC_free(hmac);
}

signer::~signer() = default;

bool signer::sign(std::string_view id, std::string_view timestamp, std::string_view body, std::string& out) {
  std::string whole;
  if (needs_whole_) whole.append(id).append(".").append(timestamp).append(".").append(body);
  for (const auto& k : keys_) {
    if (k->ed25519) {
      if (!append_ed25519(out, k->ed25519.get(), whole)) return false;
      continue;
    }
    if (EVP_MAC_init(k->mac, nullptr, 0, nullptr) != 1 || !update(k->mac, id) || !update(k->mac, ".") ||
        !update(k->mac, timestamp) || !update(k->mac, ".") || !update(k->mac, body) || !append_mac(out, k->label, k->mac))
      return false;
  }
  return true;
}

signing signer::begin(std::string_view id, std::string_view timestamp) {
  signing s;
  s.keeps_all_ = needs_whole_;
  for (const auto& k : keys_) {
    signing::part p;
    p.label = k->label;
    p.key = k->ed25519.get();
    if (k->mac != nullptr) p.mac.reset(EVP_MAC_CTX_dup(k->mac));
    s.good_ = s.good_ && (k->mac == nullptr || EVP_MAC_init(p.mac.get(), nullptr, 0, nullptr) == 1);
    s.parts_.push_back(std::move(p));
  }
  s.add(id);
  s.add(".");
  s.add(timestamp);
  s.add(".");
  return s;
}

void signing::add(std::string_view piece) {
  for (const auto& p : parts_)
    if (p.mac) good_ = update(p.mac.get(), piece) && good_;
  if (keeps_all_) all_.append(piece);
}

std::string signing::finish() {
  std::string out;
  for (const auto& p : parts_)
    good_ = good_ && (p.mac ? append_mac(out, p.label, p.mac.get()) : append_ed25519(out, p.key, all_));
  return good_ ? out : std::string{};
}

}  // namespace waybill::webhook
