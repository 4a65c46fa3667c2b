// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <openssl/evp.h>

namespace waybill::transfer {

struct key_free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using private_key = std::unique_ptr<EVP_PKEY, key_free>;

/// The private key in `pem`; nullptr if there is none or the password does not open it. Never asks a terminal.
[[nodiscard]] private_key read_private_key(const std::string& pem, const std::string& password = {});
[[nodiscard]] std::size_t count_certificates(const std::string& pem);
/// The SHA-1 of the first certificate in base64url, as `x5t` of a JWT has it (RFC 7515 section 4.1.7); empty if there is none.
[[nodiscard]] std::string certificate_thumbprint(const std::string& pem);
/// Is this the key of the first certificate?
[[nodiscard]] bool belongs_to(EVP_PKEY& key, const std::string& certificate_pem);

}  // namespace waybill::transfer
