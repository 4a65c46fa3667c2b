// SPDX-License-Identifier: Apache-2.0
#include "core/payload/body_digest.hpp"

#include <openssl/evp.h>

namespace waybill::core {

struct body_digest::state {
  struct context_free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, context_free> context{EVP_MD_CTX_new()};
};

body_digest::body_digest() : state_(std::make_unique<state>()) {
  EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr);
}

body_digest::~body_digest() = default;

void body_digest::add(std::string_view bytes) { EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()); }

sha256_digest body_digest::finish() {
  sha256_digest out{};
  EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr);
  return out;
}

}  // namespace waybill::core
