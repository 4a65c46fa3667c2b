// SPDX-License-Identifier: Apache-2.0
#include "config_rules.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <curl/curl.h>

#include <waybill/transfer/jwt.hpp>
#include <waybill/transfer/pem.hpp>

namespace waybill::webhook {
namespace {

constexpr std::size_t longest_header_name = 128;
// Set by this plugin on every request, or owned by the framing of HTTP (RFC 9110, RFC 9112).
constexpr std::array<std::string_view, 18> reserved_headers{"Host",
                                                            "Content-Length",
                                                            "Transfer-Encoding",
                                                            "Connection",
                                                            "Keep-Alive",
                                                            "Upgrade",
                                                            "TE",
                                                            "Trailer",
                                                            "Expect",
                                                            "Proxy-Connection",
                                                            "Proxy-Authorization",
                                                            "Content-Encoding",
                                                            "Idempotency-Key",
                                                            "traceparent",
                                                            "webhook-id",
                                                            "webhook-timestamp",
                                                            "webhook-signature",
                                                            "tracestate"};

struct url_cleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using url_ptr = std::unique_ptr<CURLU, url_cleanup>;

[[nodiscard]] std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string out{text};
  curl_free(text);
  return out;
}

[[nodiscard]] bool scheme_fits(std::string_view scheme, url_kind kind) {
  return scheme == "http" || scheme == "https" || (kind == url_kind::proxy && scheme == "socks5h");
}

}  // namespace

std::string escape_pointer(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

void check_url(const std::string& pointer, const std::string& url, url_kind kind, sdk::fault_sink& faults) {
  if (url.empty()) return faults(pointer, "required", "a URL is required");
  const url_ptr parsed{curl_url()};
  const auto status = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (status != CURLUE_OK || url.find('\0') != std::string::npos) return faults(pointer, "url", "is not a URL");
  if (!scheme_fits(part(parsed.get(), CURLUPART_SCHEME), kind))
    faults(pointer, "scheme",
           kind == url_kind::proxy ? "must start with http://, https:// or socks5h://" : "must start with http:// or https://");
  // libcurl forgives a third slash and takes the path for the host.
  if (part(parsed.get(), CURLUPART_HOST).empty() || url.find(":///") != std::string::npos)
    faults(pointer, "host", "names no host");
  if (!part(parsed.get(), CURLUPART_USER).empty() || !part(parsed.get(), CURLUPART_PASSWORD).empty())
    faults(pointer, "credentials", "must not hold a user name or password: a URL is not kept as a secret");
  if (!part(parsed.get(), CURLUPART_FRAGMENT).empty()) faults(pointer, "fragment", "must not have a fragment");
}

void check_header(const std::string& pointer, std::string_view name, std::string_view value, sdk::fault_sink& faults) {
  if (!transfer::is_header_name(name) || name.size() > longest_header_name)
    faults(pointer, "name", "is not a header name: letters, digits and !#$%&'*+.^_`|~- only (RFC 9110 section 5.1)");
  const bool own = name.size() >= 11 && transfer::equal_ignoring_case(name.substr(0, 11), "X-Delivery-");
  if (own || std::any_of(reserved_headers.begin(), reserved_headers.end(),
                         [&](std::string_view reserved) { return transfer::equal_ignoring_case(reserved, name); }))
    faults(pointer, "reserved", "this header is set by Waybill or by HTTP itself");
  if (value.empty()) faults(pointer, "minLength", "must not be empty");
  if (!transfer::is_header_value(value)) faults(pointer, "injection", "must not contain control characters");
}

void check_basic(const std::string& pointer, std::string_view username, sdk::fault_sink& faults) {
  if (username.empty()) faults(pointer, "required", "is required");
  // RFC 7617 section 2: the first colon ends the user name.
  if (username.find(':') != std::string_view::npos) faults(pointer, "colon", "must not contain a colon");
}

void check_jwt_key(const std::string& pointer, const transfer::jwt_settings& jwt, sdk::fault_sink& faults) {
  if (jwt.lifetime_s <= 0) faults(pointer, "lifetime", "the lifetime must be positive");
  if (const auto why = transfer::jwt_signer::why_unusable(jwt); !why.empty()) faults(pointer, "key", why);
}

void check_tls(const std::string& pointer, const transfer::tls_options& tls, sdk::fault_sink& faults) {
  if (!tls.ca_pem.empty() && transfer::count_certificates(tls.ca_pem) == 0)
    faults(pointer + "/caPem", "pem", "holds no certificate in PEM");
  if (tls.client_certificate_pem.empty() && tls.client_key_pem.empty()) return;
  const auto certificate = pointer + "/clientCertificatePem";
  const auto key = pointer + "/clientKeyPem";
  if (tls.client_certificate_pem.empty()) return faults(certificate, "required", "the client key has no certificate");
  if (tls.client_key_pem.empty()) return faults(key, "required", "the client certificate has no key");
  const bool has_certificate = transfer::count_certificates(tls.client_certificate_pem) > 0;
  const auto own_key = transfer::read_private_key(tls.client_key_pem, tls.client_key_password);
  if (!has_certificate) faults(certificate, "pem", "holds no certificate in PEM");
  if (!own_key) faults(key, "pem", "holds no private key in PEM that the password opens");
  if (has_certificate && own_key && !transfer::belongs_to(*own_key, tls.client_certificate_pem))
    faults(key, "mismatch", "is not the key of the client certificate");
}

}  // namespace waybill::webhook
