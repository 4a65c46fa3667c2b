// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

#include <waybill/transfer/pem.hpp>

#include "config.hpp"

namespace waybill::webhook {

/// The key in a secret: what follows `whsec_` or `whsk_` in base64; without a prefix the base64 if it is that (as the
/// reference library reads it), else the text itself. Nothing if there is no key in it.
[[nodiscard]] std::optional<std::string> decode_secret(std::string_view secret);
/// Why no signer can be made of it; empty if one can. Never quotes the secret.
[[nodiscard]] std::string why_unusable(const signing_secret& secret);

/// Signs the content of one request, piece by piece, with all live secrets of a destination.
class signing {
public:
  signing(signing&&) noexcept = default;
  signing& operator=(signing&&) noexcept = default;
  void add(std::string_view piece);
  /// The value of webhook-signature; empty if something failed.
  [[nodiscard]] std::string finish();

private:
  friend class signer;
  signing() = default;
  struct mac_free {
    void operator()(EVP_MAC_CTX* mac) const { EVP_MAC_CTX_free(mac); }
  };
  struct part {
    std::string_view label;                      ///< "v1," and its like
    std::unique_ptr<EVP_MAC_CTX, mac_free> mac;  ///< or, for ed25519:
    EVP_PKEY* key = nullptr;
  };
  std::vector<part> parts_;
  bool keeps_all_ = false;  ///< ed25519 needs the whole at once
  std::string all_;
  bool good_ = true;
};

/// The signatures of Standard Webhooks over `id.timestamp.body`, one per live secret, separated by spaces: `v1,` HMAC-SHA256,
/// `v1a,` ed25519, and, in a version of our own that verifiers skip unless they know it, `v1h512,` HMAC-SHA512. Made when a
/// handler opens; the keys are set up once. Not for two threads at once; what begin() made is on its own.
class signer {
public:
  /// The secrets have been found usable.
  explicit signer(const std::vector<signing_secret>& secrets);
  ~signer();
  signer(const signer&) = delete;
  signer& operator=(const signer&) = delete;

  [[nodiscard]] bool signs() const { return !keys_.empty(); }
  /// Needs the content as a whole, whatever its size (ed25519 has no other way).
  [[nodiscard]] bool needs_whole() const { return needs_whole_; }
  /// Of content in memory, appended to `out`. False if something failed.
  [[nodiscard]] bool sign(std::string_view id, std::string_view timestamp, std::string_view body, std::string& out);
  /// Of content that comes in pieces.
  [[nodiscard]] signing begin(std::string_view id, std::string_view timestamp);

private:
  struct key;
  std::vector<std::unique_ptr<key>> keys_;
  bool needs_whole_ = false;
};

}  // namespace waybill::webhook
