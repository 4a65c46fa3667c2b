// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <waybill/transfer/exchange.hpp>
#include <waybill/transfer/hashing.hpp>

namespace waybill::transfer {

struct aws_credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< of temporary credentials; else empty
};

/// Percent-encodes all but the unreserved characters of RFC 3986, as AWS wants it in paths and queries.
enum class slash : std::uint8_t { encode = 1, keep };
[[nodiscard]] std::string uri_encode(std::string_view text, slash slashes = slash::encode);

/// In place of a payload's hash, where the service takes a body unsigned.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// Signs requests with AWS Signature Version 4 (header form). One for a region and a service; thread-safe. libcurl has a
/// signer of its own, which gets encoded paths and queries wrong.
class sigv4_signer {
public:
  /// service: "s3", "ses", "sts" …
  sigv4_signer(std::string region, std::string service);

  /// Adds X-Amz-Date, X-Amz-Security-Token, for S3 X-Amz-Content-Sha256, and Authorization, over method, URL and all of the
  /// exchange's own headers; those of its endpoint stay unsigned. Method and URL must stand in the exchange, path and query
  /// encoded by uri_encode. `payload_hash`: SHA-256 of the body in hex, or unsigned_payload. `now_ms`: Unix time.
  void sign(exchange& what, const aws_credentials& with, std::string_view payload_hash, std::int64_t now_ms);

private:
  [[nodiscard]] std::string signature(const aws_credentials& with, std::string_view day, std::string_view to_sign);

  const std::string region_;
  const std::string service_;
  std::mutex mutex_;
  std::string key_for_;  ///< guarded: day and secret that key_ was derived from
  sha256_bytes key_{};   ///< guarded
};

}  // namespace waybill::transfer
