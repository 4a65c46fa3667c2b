// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/model/error.hpp"

namespace waybill::core {

using master_key = std::array<std::uint8_t, 32>;

/// A key of its own for one purpose: HKDF-SHA256 (RFC 5869). The master key itself encrypts and signs nothing.
[[nodiscard]] master_key derive_key(const master_key& master, std::string_view purpose);

/// Seals secrets for the store: AES-256-GCM under a key derived from the master key, a fresh 96-bit nonce each time, and a
/// context (organization and owner of the secret) as additional data, so a sealed value moved to another row does not open.
/// A sealed value is text: "sealed:v1:" and base64. Immutable, thread-safe.
class secret_box {
public:
  explicit secret_box(const master_key& key);
  ~secret_box();  ///< wipes the key
  secret_box(const secret_box&) = delete;
  secret_box& operator=(const secret_box&) = delete;

  [[nodiscard]] std::string seal(std::string_view clear, std::string_view context) const;
  /// internal_error if it was not sealed with this key and context; says nothing of the content.
  [[nodiscard]] result<std::string> open(std::string_view sealed, std::string_view context) const;
  [[nodiscard]] static bool is_sealed(std::string_view text);

private:
  master_key key_;
};

/// Decodes 32 bytes from hex or base64; nothing of the text in the error.
[[nodiscard]] result<master_key> parse_master_key(std::string_view text);
/// Reads `path`, or makes it with mode 0600 and a random key if there is none. Refuses a file that others can read.
[[nodiscard]] result<master_key> load_or_make_master_key(const std::string& path);

}  // namespace waybill::core
