// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <waybill/result.hpp>
#include <waybill/transfer/exchange.hpp>
#include <waybill/transfer/jwt.hpp>

namespace waybill::transfer {

/// By what right a token is asked for.
enum class grant_type : std::uint8_t {
  client_credentials = 1,  ///< RFC 6749 section 4.4
  refresh_token,           ///< RFC 6749 section 6
  jwt_bearer,              ///< RFC 7523 section 2.1: a signed assertion, as Google's service accounts do
  metadata_server          ///< a GET of the token URL with `headers`: what a cloud gives its own machines
};

/// How a client proves itself at the token URL.
enum class client_authentication : std::uint8_t {
  basic = 1,         ///< RFC 6749 section 2.3.1, in the header
  body,              ///< the same, in the form
  signed_assertion,  ///< RFC 7523 section 2.2: `assertion`, signed with the client's key
  none               ///< not at all; the client id goes along if there is one
};

/// What it takes to get access tokens.
struct oauth2_settings {
  grant_type grant = grant_type::client_credentials;
  std::string token_url;
  std::string client_id;
  std::string client_secret;
  client_authentication client = client_authentication::basic;
  std::string scope;
  std::string audience;
  std::string refresh_token;                                 ///< of that grant: the first one; an answer may replace it
  jwt_settings assertion;                                    ///< jwt_bearer's grant, or the client's own with signed_assertion
  std::vector<std::pair<std::string, std::string>> fields;   ///< further fields of the form
  std::vector<std::pair<std::string, std::string>> headers;  ///< further headers of the request
};

/// An access token and until when it may be used.
struct access_token {
  std::string text;
  std::int64_t expires_at_ms = 0;  ///< Unix time
  std::int64_t renew_at_ms = 0;    ///< from then on a new one is fetched beside its use
  std::string refresh_token;       ///< to be used from now on; empty: as before
};

/// Why there is no token.
struct token_failure {
  sdk::category why = sdk::category::authentication;
  std::int32_t code = 0;
  std::string detail;
  std::string error;  ///< the `error` code of RFC 6749 section 5.2; empty if the answer held none
};

/// application/x-www-form-urlencoded (WHATWG URL): also what RFC 6749 section 2.3.1 asks of a client id in Basic.
[[nodiscard]] std::string form_encoded(std::string_view text);

/// Reads a token endpoint's answer (RFC 6749 section 5.1). Without expires_in a token is taken to live five minutes.
[[nodiscard]] std::optional<access_token> parse_token(std::string_view answer, std::int64_t now_ms);

/// What an exchange with a token endpoint that brought no token means. Quotes nothing of the answer but its error code.
[[nodiscard]] token_failure why_no_token(const outcome& what);

}  // namespace waybill::transfer
