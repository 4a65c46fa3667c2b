// SPDX-License-Identifier: Apache-2.0
#include "config_rules.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <memory>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <nlohmann/json.hpp>

#include <waybill/transfer/jwt.hpp>
#include <waybill/transfer/pem.hpp>

namespace waybill::email {
namespace {

constexpr std::size_t longest_header_name = 76;  // RFC 5322 section 2.1.1 wants lines of 78
// Of every mail's own head, of its way (RFC 5322 sections 3.6.6 and 3.6.7), or structured beyond what a template should fill.
constexpr std::array<std::string_view, 16> reserved_mail_headers{
    "From",        "Sender",     "Reply-To",       "To",          "Cc",       "Bcc",
    "Subject",     "Date",       "MIME-Version",   "Return-Path", "Received", "DKIM-Signature",
    "In-Reply-To", "References", "Auto-Submitted", "Message-ID"};
constexpr std::array<std::string_view, 12> reserved_request_headers{
    "Host",    "Content-Length", "Transfer-Encoding", "Connection",       "Keep-Alive",     "Upgrade", "TE",
    "Trailer", "Expect",         "Content-Type",      "Content-Encoding", "Idempotency-Key"};

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

template <class Names>
[[nodiscard]] bool is_one_of(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view other) { return transfer::equal_ignoring_case(other, name); });
}

[[nodiscard]] bool starts_with(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && transfer::equal_ignoring_case(text.substr(0, start.size()), start);
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
  const auto scheme = part(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https" && (kind != url_kind::proxy || scheme != "socks5h"))
    faults(pointer, "scheme",
           kind == url_kind::proxy ? "must start with http://, https:// or socks5h://" : "must start with http:// or https://");
  // libcurl forgives a third slash and takes the path for the host.
  if (part(parsed.get(), CURLUPART_HOST).empty() || url.find(":///") != std::string::npos)
    faults(pointer, "host", "names no host");
  if (!part(parsed.get(), CURLUPART_USER).empty() || !part(parsed.get(), CURLUPART_PASSWORD).empty())
    faults(pointer, "credentials", "must not hold a user name or password: a URL is not kept as a secret");
  if (!part(parsed.get(), CURLUPART_FRAGMENT).empty()) faults(pointer, "fragment", "must not have a fragment");
}

void check_host(const std::string& pointer, const std::string& host, sdk::fault_sink& faults) {
  if (host.empty()) return faults(pointer, "required", "is required");
  unsigned char room[16];
  if (inet_pton(AF_INET6, host.c_str(), room) == 1) return;
  if (ascii_domain(host) != host || host.front() == '[')
    faults(pointer, "host", "is not a host name or address; an international name goes in its form with xn--");
}

void check_recipient(const std::string& pointer, const std::string& text, sdk::fault_sink& faults) {
  if (text.find("{{") != std::string::npos) return check_template(pointer, text, faults);
  const auto found = parse_addresses(text);
  if (!found.fault.empty()) return faults(pointer, "address", found.fault);
  if (found.list.empty()) faults(pointer, "address", "holds no address");
}

void check_template(const std::string& pointer, const std::string& text, sdk::fault_sink& faults) {
  const template_text parsed{text};
  if (!parsed.fault().empty()) faults(pointer, "template", "is not a usable template: " + parsed.fault());
}

void check_mail_header(const std::string& pointer, std::string_view name, sdk::fault_sink& faults) {
  // RFC 5322 section 3.6.8 allows more, but no program writes it.
  if (!transfer::is_header_name(name) || name.size() > longest_header_name) faults(pointer, "name", "is not a header name");
  if (is_one_of(reserved_mail_headers, name) || starts_with(name, "Content-") || starts_with(name, "Resent-") ||
      starts_with(name, "ARC-"))
    faults(pointer, "reserved", "this header is set by Waybill or on the mail's way");
}

void check_request_header(const std::string& pointer, std::string_view name, std::string_view value, sdk::fault_sink& faults) {
  if (!transfer::is_header_name(name)) faults(pointer, "name", "is not a header name");
  if (is_one_of(reserved_request_headers, name)) faults(pointer, "reserved", "this header is set by Waybill or by HTTP itself");
  if (value.empty()) faults(pointer, "minLength", "must not be empty");
  check_plain(pointer, value, faults);
}

void check_plain(const std::string& pointer, std::string_view value, sdk::fault_sink& faults) {
  if (!transfer::is_header_value(value)) faults(pointer, "injection", "must not contain control characters");
}

void check_pointer(const std::string& pointer, const std::string& value, sdk::fault_sink& faults) {
  try {
    static_cast<void>(nlohmann::json::json_pointer{value});
  } catch (const std::exception&) {
    faults(pointer, "pointer", "is not a JSON Pointer (RFC 6901)");
  }
}

void check_oauth2(const std::string& pointer, const transfer::oauth2_settings& oauth2, sdk::fault_sink& faults) {
  const auto required = [&](const char* name, const std::string& value) {
    if (value.empty()) faults(pointer + "/" + name, "required", "is required for this grant");
  };
  check_url(pointer + "/tokenUrl", oauth2.token_url, url_kind::http, faults);
  if (oauth2.grant == transfer::grant_type::jwt_bearer) {
    required("issuer", oauth2.assertion.issuer);
    if (const auto why = transfer::jwt_signer::why_unusable(oauth2.assertion); !why.empty())
      faults(pointer + "/keyPem", "key", why);
    return;
  }
  required("clientId", oauth2.client_id);
  if (oauth2.grant == transfer::grant_type::refresh_token) required("refreshToken", oauth2.refresh_token);
  if (oauth2.grant == transfer::grant_type::client_credentials &&
      oauth2.client != transfer::client_authentication::signed_assertion)
    required("clientSecret", oauth2.client_secret);
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

}  // namespace waybill::email
