// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"
#include "core/security/secret_box.hpp"

namespace waybill::core {

/// Makes the tokens of links: 26 characters of the link's id and 43 of an HMAC-SHA256 over it, under a key of the node's. So a
/// link can be shown again to whoever may see it, while the store holds no more than a hash. Immutable, thread-safe.
class link_signer {
public:
  explicit link_signer(const master_key& key);
  ~link_signer();  ///< wipes the key
  link_signer(const link_signer&) = delete;
  link_signer& operator=(const link_signer&) = delete;

  [[nodiscard]] std::string token(organization_id org, link_id id) const;
  /// "<base>/d/<token>"
  [[nodiscard]] std::string url(std::string_view base, organization_id org, link_id id) const;
  /// Of something that may hold a password, to be compared later.
  [[nodiscard]] sha256_digest fingerprint(std::string_view text) const;

private:
  master_key key_;
};

/// What the store finds a link by; of any text.
[[nodiscard]] sha256_digest token_hash(std::string_view token);

/// `lnk_…` of the last link in the text, which is what is kept of one; nothing if it holds none.
[[nodiscard]] std::optional<link_id> link_in(std::string_view text);
/// The text with the secret part of every link in it left out: "…/d/<id>…".
[[nodiscard]] std::string without_link_secrets(std::string text);

}  // namespace waybill::core
