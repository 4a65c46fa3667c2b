// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/hashing.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace waybill::transfer {

// SHA-256 of memory fails only if OpenSSL has no such digest, which its default provider always has.
sha256_bytes sha256(std::string_view bytes) {
  sha256_bytes out{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr);
  return out;
}

sha256_bytes hmac_sha256(std::string_view key, std::string_view text) {
  sha256_bytes out{};
  unsigned size = 0;
  // HMAC takes a null key for "the one before".
  HMAC(EVP_sha256(), key.empty() ? "" : key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto u = static_cast<unsigned char>(c);
    out.append({digits[u >> 4], digits[u & 15]});
  }
  return out;
}

std::string to_hex(const sha256_bytes& digest) { return to_hex(as_text(digest)); }

struct sha256_hasher::state {
  struct context_free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, context_free> context{EVP_MD_CTX_new()};
};

sha256_hasher::sha256_hasher() : state_(std::make_unique<state>()) {
  EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr);
}
sha256_hasher::~sha256_hasher() = default;
sha256_hasher::sha256_hasher(sha256_hasher&&) noexcept = default;
sha256_hasher& sha256_hasher::operator=(sha256_hasher&&) noexcept = default;

void sha256_hasher::add(std::string_view bytes) { EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()); }

sha256_bytes sha256_hasher::finish() {
  sha256_bytes out{};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context.get(), out.data(), &size);
  return out;
}

}  // namespace waybill::transfer
