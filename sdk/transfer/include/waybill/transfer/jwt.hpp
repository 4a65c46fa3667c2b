// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <waybill/transfer/pem.hpp>

namespace waybill::transfer {

struct jwt_settings {
  std::string algorithm;  ///< HS256 | RS256 | ES256 | EdDSA
  std::string key;        ///< a private key in PEM; with HS256 the shared secret itself
  std::string key_id;
  std::string issuer;
  std::string subject;
  std::string audience;
  std::int64_t lifetime_s = 300;
  std::string claims;          ///< further members of the payload: JSON text without braces, empty or ending in a comma
  std::string header_members;  ///< the same of the header: a certificate's thumbprint (`x5t`) and its like
};

/// Makes the token of one request (RFC 7515, RFC 7519): HS256, RS256, ES256 or EdDSA (Ed25519). The key is read once.
/// Signing with RSA costs about a millisecond of CPU, with the others a few to some tens of microseconds. Thread-safe.
class jwt_signer {
public:
  /// Why no token can be signed with these settings; empty if one can. Never quotes the key.
  [[nodiscard]] static std::string why_unusable(const jwt_settings& settings);

  /// The settings have been found usable.
  explicit jwt_signer(jwt_settings settings);
  /// A token issued now, with an id of its own; empty if signing failed. `now_s`: Unix time.
  [[nodiscard]] std::string sign(std::int64_t now_s) const;

private:
  [[nodiscard]] std::string signature(const std::string& message) const;

  jwt_settings settings_;
  transfer::private_key key_;
  std::string header_;  ///< encoded
};

}  // namespace waybill::transfer
