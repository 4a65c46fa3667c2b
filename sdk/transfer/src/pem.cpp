// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/pem.hpp>

#include <algorithm>
#include <array>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <waybill/transfer/json_text.hpp>

namespace waybill::transfer {
namespace {

struct bio_free {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct x509_free {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using certificate = std::unique_ptr<X509, x509_free>;

[[nodiscard]] std::unique_ptr<BIO, bio_free> over(const std::string& text) {
  return std::unique_ptr<BIO, bio_free>{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

// Without a callback OpenSSL would ask the terminal.
int give_password(char* buffer, int room, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  const auto size = std::min(static_cast<std::size_t>(room), text.size());
  std::copy_n(text.data(), size, buffer);  // its length goes back, so no NUL ends it
  return static_cast<int>(size);
}

}  // namespace

private_key read_private_key(const std::string& pem, const std::string& password) {
  const auto bio = over(pem);
  private_key key{PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_password, const_cast<std::string*>(&password))};
  ERR_clear_error();
  return key;
}

std::size_t count_certificates(const std::string& pem) {
  const auto bio = over(pem);
  std::size_t count = 0;
  while (certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) ++count;
  ERR_clear_error();
  return count;
}

std::string certificate_thumbprint(const std::string& pem) {
  const auto bio = over(pem);
  const certificate first{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (first) X509_digest(first.get(), EVP_sha1(), digest.data(), &size);
  ERR_clear_error();
  return to_base64url({reinterpret_cast<const char*>(digest.data()), size});
}

bool belongs_to(EVP_PKEY& key, const std::string& certificate_pem) {
  const auto bio = over(certificate_pem);
  const certificate first{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
  const bool fits = first != nullptr && X509_check_private_key(first.get(), &key) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace waybill::transfer
