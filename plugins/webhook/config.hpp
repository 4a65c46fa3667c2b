// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <waybill/handler.hpp>
#include <waybill/transfer/endpoint.hpp>
#include <waybill/transfer/oauth2.hpp>

namespace waybill::webhook {

enum class body_format : std::uint8_t { envelope = 1, raw };
enum class compression : std::uint8_t { none = 1, gzip };
enum class auth_kind : std::uint8_t { none = 1, api_key, bearer, basic, oauth2, jwt };

struct auth_settings {
  auth_kind kind = auth_kind::none;
  std::string header = "X-API-Key";  ///< api_key
  std::string secret;                ///< the API key, the bearer token or the password
  std::string username;              ///< basic
  transfer::oauth2_settings oauth2;
  transfer::jwt_settings jwt;
};

/// One of `signingSecrets`, which the host adds to the configuration (WB_FEATURE_SIGNING_SECRETS).
struct signing_secret {
  std::string id;
  std::string algorithm;  ///< hmac-sha256 | hmac-sha512 | ed25519
  std::string secret;
};

/// A destination's configuration: schema.json, read. Secrets in clear: it never leaves the plugin.
struct config {
  std::string url;
  std::string method = "POST";
  body_format format = body_format::envelope;
  compression compress = compression::none;
  std::vector<std::pair<std::string, std::string>> headers;
  auth_settings auth;
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds connect_timeout{10'000};
  std::vector<std::int32_t> non_retryable_status;
  bool http2 = true;
  std::string reference_header = "X-Request-Id";
  transfer::tls_options tls;
  transfer::proxy_options proxy;
  std::vector<signing_secret> signing_secrets;  ///< newest first
};

/// Reads a configuration and reports every fault that a schema cannot see (and a value of a wrong type, in case no schema
/// looked). Nothing if there was a fault. Pure.
[[nodiscard]] std::optional<config> parse_config(std::string_view json, sdk::fault_sink& faults);

}  // namespace waybill::webhook
