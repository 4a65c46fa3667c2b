// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/model/id.hpp"

namespace waybill::core {

/// The text of an API key (api.md, Conventions): `wbk_<keyId without its prefix>_<secret>`, the secret being 32 random bytes
/// in base64url without padding, 43 characters. Of the secret only its SHA-256 is kept: 256 random bits need no slow hash.
struct new_key_text {
  std::string text;             ///< shown once
  sha256_digest secret_hash{};  ///< for api_key::secret_hash
};
[[nodiscard]] new_key_text make_key_text(key_id id);

/// What a client presented, well formed but not proved.
struct presented_key {
  key_id id;
  std::string secret;
};
/// Nothing unless it has exactly the form above.
[[nodiscard]] std::optional<presented_key> parse_key_text(std::string_view text);

/// Does the secret belong to this hash? Takes the same time either way. For an unknown id compare with
/// `sha256_digest{}`, which no secret has, so that the answer's time does not tell whether the id exists.
[[nodiscard]] bool matches(const presented_key& presented, const sha256_digest& secret_hash);

}  // namespace waybill::core
