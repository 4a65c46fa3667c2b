// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace waybill::transfer {

using sha256_bytes = std::array<std::uint8_t, 32>;

[[nodiscard]] sha256_bytes sha256(std::string_view bytes);
[[nodiscard]] sha256_bytes hmac_sha256(std::string_view key, std::string_view text);
/// Lower case.
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const sha256_bytes& digest);
[[nodiscard]] inline std::string_view as_text(const sha256_bytes& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// SHA-256 of bytes that come piece by piece. Movable; not for two threads at once.
class sha256_hasher {
public:
  sha256_hasher();
  ~sha256_hasher();
  sha256_hasher(sha256_hasher&&) noexcept;
  sha256_hasher& operator=(sha256_hasher&&) noexcept;

  void add(std::string_view bytes);
  /// Once, at the end.
  [[nodiscard]] sha256_bytes finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::transfer
