// SPDX-License-Identifier: Apache-2.0
#include "config_reader.hpp"

#include <memory>

#include <curl/curl.h>

#include <waybill/transfer/pem.hpp>

namespace waybill::storage {
namespace {

using nlohmann::json;

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

enum class url_kind : std::uint8_t { service = 1, proxy };

[[nodiscard]] bool scheme_fits(std::string_view scheme, url_kind kind) {
  return scheme == "http" || scheme == "https" || (kind == url_kind::proxy && scheme == "socks5h");
}

void check_url(const config_reader& from, const char* name, const std::string& url, url_kind kind) {
  const url_ptr parsed{curl_url()};
  const auto status = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (status != CURLUE_OK || url.find('\0') != std::string::npos) return from.fault(name, "url", "is not a URL");
  if (!scheme_fits(part(parsed.get(), CURLUPART_SCHEME), kind))
    from.fault(
        name, "scheme",
        kind == url_kind::proxy ? "must start with http://, https:// or socks5h://" : "must start with http:// or https://");
  const auto host = part(parsed.get(), CURLUPART_HOST);
  // libcurl forgives a third slash and takes the path for the host.
  if (host.empty() || url.find(":///") != std::string::npos) from.fault(name, "host", "names no host");
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f)
      return from.fault(name, "ascii", "must be printable ASCII: a name in other letters is written as xn--…");
  if (!part(parsed.get(), CURLUPART_USER).empty() || !part(parsed.get(), CURLUPART_PASSWORD).empty())
    from.fault(name, "credentials", "must not hold a user name or password: a URL is not kept as a secret");
  if (!part(parsed.get(), CURLUPART_QUERY).empty() || !part(parsed.get(), CURLUPART_FRAGMENT).empty())
    from.fault(name, "query", "must not have a query or fragment");
}

}  // namespace

std::string config_reader::at(std::string_view name) const {
  std::string out = pointer_ + "/";
  for (const char c : name) {  // RFC 6901 section 3
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

const json* config_reader::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

void config_reader::fault(std::string_view name, std::string_view rule, std::string_view message) const {
  faults_(at(name), rule, message);
}

void config_reader::text(const char* name, std::string& into) const {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (!value->is_string()) return fault(name, "type", "must be a text");
  into = value->get_ref<const std::string&>();
}

void config_reader::boolean(const char* name, bool& into) const {
  const auto* value = find(name);
  if (value == nullptr) return;
  if (!value->is_boolean()) return fault(name, "type", "must be true or false");
  into = value->get<bool>();
}

std::int64_t config_reader::number(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const {
  const auto* value = find(name);
  if (value == nullptr) return otherwise;
  const bool fits = value->is_number_integer() && !(value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX);
  if (!fits) {
    fault(name, "type", "must be an integer");
    return otherwise;
  }
  const auto number = value->get<std::int64_t>();
  if (number >= least && number <= most) return number;
  fault(name, "range", "must be from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

std::optional<config_reader> config_reader::object(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return config_reader{*value, at(name), faults_};
  fault(name, "type", "must be an object");
  return std::nullopt;
}

void config_reader::required(const char* name, std::string& into) const {
  text(name, into);
  if (into.empty()) fault(name, "required", "is required");
}

void config_reader::base_url(const char* name, std::string& into) const {
  text(name, into);
  if (into.empty()) return;
  check_url(*this, name, into, url_kind::service);
  while (!into.empty() && into.back() == '/') into.pop_back();
}

void read_tls(const config_reader& from, transfer::tls_options& into) {
  const auto tls = from.object("tls");
  if (!tls) return;
  tls->text("caPem", into.ca_pem);
  tls->text("clientCertificatePem", into.client_certificate_pem);
  tls->text("clientKeyPem", into.client_key_pem);
  tls->text("clientKeyPassword", into.client_key_password);
  if (!into.ca_pem.empty() && transfer::count_certificates(into.ca_pem) == 0)
    tls->fault("caPem", "pem", "holds no certificate in PEM");
  if (into.client_certificate_pem.empty() && into.client_key_pem.empty()) return;
  if (into.client_certificate_pem.empty())
    return tls->fault("clientCertificatePem", "required", "the client key has no certificate");
  if (into.client_key_pem.empty()) return tls->fault("clientKeyPem", "required", "the client certificate has no key");
  const bool has_certificate = transfer::count_certificates(into.client_certificate_pem) > 0;
  const auto key = transfer::read_private_key(into.client_key_pem, into.client_key_password);
  if (!has_certificate) tls->fault("clientCertificatePem", "pem", "holds no certificate in PEM");
  if (!key) tls->fault("clientKeyPem", "pem", "holds no private key in PEM that the password opens");
  if (has_certificate && key && !transfer::belongs_to(*key, into.client_certificate_pem))
    tls->fault("clientKeyPem", "mismatch", "is not the key of the client certificate");
}

void read_proxy(const config_reader& from, transfer::proxy_options& into) {
  const auto proxy = from.object("proxy");
  if (!proxy) return;
  proxy->required("url", into.url);
  proxy->text("username", into.username);
  proxy->text("password", into.password);
  if (!into.url.empty()) check_url(*proxy, "url", into.url, url_kind::proxy);
}

}  // namespace waybill::storage
