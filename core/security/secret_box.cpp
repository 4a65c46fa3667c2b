// SPDX-License-Identifier: Apache-2.0
#include "core/security/secret_box.hpp"

#include <climits>
#include <cstdlib>
#include <memory>

#include "core/security/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace waybill::core {
namespace {

constexpr std::string_view mark = "sealed:v1:";
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

struct free_openssl {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, free_openssl>;

// An OpenSSL without AES-GCM or HKDF, or without memory, cannot keep a secret: better no process than a secret in clear.
void require(bool done) {
  if (!done) std::abort();
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

int int_size(std::string_view text) {
  require(text.size() <= INT_MAX);
  return static_cast<int>(text.size());
}

auto refused() { return fail(error_code::internal_error, "A sealed value does not open with this master key."); }

}  // namespace

master_key derive_key(const master_key& master, std::string_view purpose) {
  std::unique_ptr<EVP_KDF, free_openssl> kdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr)};
  require(kdf != nullptr);
  std::unique_ptr<EVP_KDF_CTX, free_openssl> context{EVP_KDF_CTX_new(kdf.get())};
  require(context != nullptr);
  char digest[] = "SHA256";
  auto key = master;
  auto info = std::string{purpose};
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
                               OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
                               OSSL_PARAM_construct_end()};
  master_key derived{};
  require(EVP_KDF_derive(context.get(), derived.data(), derived.size(), params) == 1);
  OPENSSL_cleanse(key.data(), key.size());
  return derived;
}

secret_box::secret_box(const master_key& key) : key_(derive_key(key, "waybill secret sealing v1")) {}
secret_box::~secret_box() { OPENSSL_cleanse(key_.data(), key_.size()); }

bool secret_box::is_sealed(std::string_view text) { return text.substr(0, mark.size()) == mark; }

// Random 96-bit nonces are safe for 2^32 values under one key (NIST SP 800-38D section 8.3): far more secrets than a node has.
std::string secret_box::seal(std::string_view clear, std::string_view context) const {
  const std::string nonce = random_bytes(nonce_size);
  std::string sealed(nonce_size + clear.size() + tag_size, '\0');
  sealed.replace(0, nonce_size, nonce);
  auto* const out = bytes_of(sealed);
  const cipher_context cipher{EVP_CIPHER_CTX_new()};
  int written = 0;
  require(cipher != nullptr);
  require(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(nonce)) == 1);
  require(EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes_of(context), int_size(context)) == 1);
  require(EVP_EncryptUpdate(cipher.get(), out + nonce_size, &written, bytes_of(clear), int_size(clear)) == 1);
  require(EVP_EncryptFinal_ex(cipher.get(), out + nonce_size + clear.size(), &written) == 1);
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_size),
                              out + nonce_size + clear.size()) == 1);
  return std::string{mark} + to_base64(sealed);
}

result<std::string> secret_box::open(std::string_view sealed, std::string_view context) const {
  if (!is_sealed(sealed)) return refused();
  auto bytes = from_base64(sealed.substr(mark.size()));
  if (!bytes || bytes->size() < nonce_size + tag_size) return refused();
  const std::size_t size = bytes->size() - nonce_size - tag_size;
  auto* const in = bytes_of(*bytes);
  std::string clear(size, '\0');
  const cipher_context cipher{EVP_CIPHER_CTX_new()};
  int written = 0;
  require(cipher != nullptr);
  require(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), in) == 1);
  require(EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes_of(context), int_size(context)) == 1);
  require(EVP_DecryptUpdate(cipher.get(), bytes_of(clear), &written, in + nonce_size, int_size(clear)) == 1);
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_size), in + nonce_size + size) == 1);
  unsigned char rest[tag_size];
  if (EVP_DecryptFinal_ex(cipher.get(), rest, &written) == 1) return clear;
  // What was decrypted before the tag was checked is not to be trusted, nor to be left lying about.
  OPENSSL_cleanse(clear.data(), clear.size());
  return refused();
}

}  // namespace waybill::core
