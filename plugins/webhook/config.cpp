// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "config_rules.hpp"
#include "signature.hpp"
#include <waybill/transfer/pem.hpp>

namespace waybill::webhook {
namespace {

using nlohmann::json;

/// An object of the configuration and where it stands; reads members and reports what has a wrong type.
class reader {
public:
  reader(const json& object, std::string pointer, sdk::fault_sink& faults)
      : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

  [[nodiscard]] std::string at(std::string_view name) const { return pointer_ + "/" + std::string{name}; }
  [[nodiscard]] const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  void text(const char* name, std::string& into) const {
    if (const auto* value = find(name)) {
      if (value->is_string())
        into = value->get_ref<const std::string&>();
      else
        wrong(name, "must be a text");
    }
  }
  void boolean(const char* name, bool& into) const {
    if (const auto* value = find(name)) {
      if (value->is_boolean())
        into = value->get<bool>();
      else
        wrong(name, "must be true or false");
    }
  }
  [[nodiscard]] std::int64_t number(const char* name, std::int64_t otherwise) const {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_number_integer()) return value->get<std::int64_t>();
    wrong(name, "must be an integer");
    return otherwise;
  }
  template <class Choice, std::size_t Count>
  void choice(const char* name, const std::array<std::pair<std::string_view, Choice>, Count>& choices, Choice& into) const {
    std::string chosen;
    text(name, chosen);
    if (chosen.empty()) return;
    for (const auto& [word, value] : choices)
      if (word == chosen) {
        into = value;
        return;
      }
    faults_(at(name), "enum", "is not one of the known values");
  }
  [[nodiscard]] std::optional<reader> object(const char* name) const {
    const auto* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_object()) return reader{*value, at(name), faults_};
    wrong(name, "must be an object");
    return std::nullopt;
  }
  [[nodiscard]] const json& raw() const { return object_; }
  [[nodiscard]] sdk::fault_sink& faults() const { return faults_; }
  void wrong(const char* name, std::string_view message) const { faults_(at(name), "type", message); }
  void required(const char* name, const std::string& value) const {
    if (value.empty()) faults_(at(name), "required", "is required");
  }

private:
  const json& object_;
  std::string pointer_;
  sdk::fault_sink& faults_;
};

constexpr std::array<std::pair<std::string_view, body_format>, 2> body_formats{
    {{"envelope", body_format::envelope}, {"raw", body_format::raw}}};
constexpr std::array<std::pair<std::string_view, compression>, 2> compressions{
    {{"none", compression::none}, {"gzip", compression::gzip}}};
constexpr std::array<std::pair<std::string_view, auth_kind>, 6> auth_kinds{{{"none", auth_kind::none},
                                                                            {"apiKey", auth_kind::api_key},
                                                                            {"bearer", auth_kind::bearer},
                                                                            {"basic", auth_kind::basic},
                                                                            {"oauth2", auth_kind::oauth2},
                                                                            {"jwt", auth_kind::jwt}}};
constexpr std::array<std::pair<std::string_view, transfer::client_authentication>, 2> client_authentications{
    {{"basic", transfer::client_authentication::basic}, {"body", transfer::client_authentication::body}}};

void read_headers(const reader& from, config& into) {
  const auto headers = from.object("headers");
  if (!headers) return;
  for (const auto& [name, value] : headers->raw().items()) {
    const auto pointer = headers->at(escape_pointer(name));
    if (!value.is_string()) {
      from.faults()(pointer, "type", "must be a text");
      continue;
    }
    check_header(pointer, name, value.get_ref<const std::string&>(), from.faults());
    if (std::any_of(into.headers.begin(), into.headers.end(),
                    [&name = name](const auto& other) { return transfer::equal_ignoring_case(other.first, name); }))
      from.faults()(pointer, "duplicate", "the same header is set twice");
    into.headers.emplace_back(name, value.get<std::string>());
  }
}

void read_oauth2(const reader& from, transfer::oauth2_settings& into) {
  from.text("tokenUrl", into.token_url);
  from.text("clientId", into.client_id);
  from.text("clientSecret", into.client_secret);
  from.choice("clientAuthentication", client_authentications, into.client);
  from.text("scope", into.scope);
  from.text("audience", into.audience);
  check_url(from.at("tokenUrl"), into.token_url, url_kind::http, from.faults());
  from.required("clientId", into.client_id);
  from.required("clientSecret", into.client_secret);
}

void read_claims(const reader& from, transfer::jwt_settings& into) {
  const auto claims = from.object("claims");
  if (!claims) return;
  for (const auto* own : {"iss", "sub", "aud", "iat", "exp", "jti"})
    if (claims->find(own) != nullptr) from.faults()(claims->at(own), "reserved", "this claim is set by its own field");
  if (claims->raw().empty()) return;
  const auto text = claims->raw().dump(-1, ' ', false, json::error_handler_t::replace);
  into.claims = text.substr(1, text.size() - 2) + ",";
}

void read_jwt(const reader& from, transfer::jwt_settings& into) {
  from.text("algorithm", into.algorithm);
  from.text("key", into.key);
  from.text("keyId", into.key_id);
  from.text("issuer", into.issuer);
  from.text("subject", into.subject);
  from.text("audience", into.audience);
  into.lifetime_s = from.number("lifetimeSeconds", into.lifetime_s);
  read_claims(from, into);
  check_jwt_key(from.at("key"), into, from.faults());
}

void read_auth(const reader& from, config& into) {
  const auto auth = from.object("auth");
  if (!auth) return;
  auto& settings = into.auth;
  auth->choice("type", auth_kinds, settings.kind);
  auth->text("header", settings.header);
  auth->text("username", settings.username);
  const char* secret = settings.kind == auth_kind::api_key  ? "value"
                       : settings.kind == auth_kind::bearer ? "token"
                                                            : "password";
  auth->text(secret, settings.secret);
  if (settings.kind == auth_kind::api_key) {
    check_header(auth->at("header"), settings.header, "-", auth->faults());
    auth->required("value", settings.secret);
  }
  if (settings.kind == auth_kind::bearer) auth->required("token", settings.secret);
  if (settings.kind == auth_kind::basic) check_basic(auth->at("username"), settings.username, auth->faults());
  if (settings.kind == auth_kind::oauth2) read_oauth2(*auth, settings.oauth2);
  if (settings.kind == auth_kind::jwt) read_jwt(*auth, settings.jwt);
  if (!transfer::is_header_value(settings.secret) || !transfer::is_header_value(settings.username))
    auth->faults()(auth->at(secret), "injection", "must not contain control characters");
  const auto sets_authorization = settings.kind != auth_kind::none && settings.kind != auth_kind::api_key;
  for (const auto& [name, value] : into.headers)
    if ((sets_authorization && transfer::equal_ignoring_case(name, "Authorization")) ||
        (settings.kind == auth_kind::api_key && transfer::equal_ignoring_case(name, settings.header)))
      auth->faults()(from.at("headers") + "/" + escape_pointer(name), "duplicate", "the same header is set by auth");
}

void read_tls(const reader& from, transfer::tls_options& into) {
  const auto tls = from.object("tls");
  if (!tls) return;
  tls->text("caPem", into.ca_pem);
  tls->text("clientCertificatePem", into.client_certificate_pem);
  tls->text("clientKeyPem", into.client_key_pem);
  tls->text("clientKeyPassword", into.client_key_password);
  check_tls(from.at("tls"), into, from.faults());
}

void read_proxy(const reader& from, transfer::proxy_options& into) {
  const auto proxy = from.object("proxy");
  if (!proxy) return;
  proxy->text("url", into.url);
  proxy->text("username", into.username);
  proxy->text("password", into.password);
  check_url(proxy->at("url"), into.url, url_kind::proxy, from.faults());
}

void read_status(const reader& from, config& into) {
  const auto* codes = from.find("nonRetryableStatus");
  if (codes == nullptr) return;
  if (!codes->is_array()) return from.wrong("nonRetryableStatus", "must be a list");
  for (std::size_t i = 0; i < codes->size(); ++i) {
    const auto& code = (*codes)[i];
    if (!code.is_number_integer() || code.get<std::int64_t>() < 300 || code.get<std::int64_t>() > 599)
      from.faults()(from.at("nonRetryableStatus") + "/" + std::to_string(i), "range", "must be a status code from 300 to 599");
    else
      into.non_retryable_status.push_back(code.get<std::int32_t>());
  }
}

void read_signing_secrets(const reader& from, config& into) {
  const auto* secrets = from.find("signingSecrets");
  if (secrets == nullptr) return;
  if (!secrets->is_array()) return from.wrong("signingSecrets", "must be a list");
  for (std::size_t i = 0; i < secrets->size(); ++i) {
    const auto pointer = from.at("signingSecrets") + "/" + std::to_string(i);
    if (!(*secrets)[i].is_object()) {
      from.faults()(pointer, "type", "must be an object");
      continue;
    }
    const reader one{(*secrets)[i], pointer, from.faults()};
    signing_secret secret;
    one.text("id", secret.id);
    one.text("algorithm", secret.algorithm);
    one.text("secret", secret.secret);
    if (const auto why = why_unusable(secret); !why.empty()) from.faults()(pointer + "/secret", "secret", why);
    into.signing_secrets.push_back(std::move(secret));
  }
}

void read_all(const reader& from, config& into) {
  from.text("url", into.url);
  check_url(from.at("url"), into.url, url_kind::http, from.faults());
  from.text("method", into.method);
  if (into.method != "POST" && into.method != "PUT" && into.method != "PATCH")
    from.faults()(from.at("method"), "enum", "must be POST, PUT or PATCH");
  from.choice("bodyFormat", body_formats, into.format);
  from.choice("compression", compressions, into.compress);
  read_headers(from, into);
  into.timeout = std::chrono::milliseconds{from.number("timeoutMs", into.timeout.count())};
  into.connect_timeout = std::chrono::milliseconds{from.number("connectTimeoutMs", into.connect_timeout.count())};
  if (into.timeout.count() <= 0) from.faults()(from.at("timeoutMs"), "minimum", "must be at least 1");
  if (into.connect_timeout.count() <= 0) from.faults()(from.at("connectTimeoutMs"), "minimum", "must be at least 1");
  from.boolean("http2", into.http2);
  from.text("referenceHeader", into.reference_header);
  if (!transfer::is_header_name(into.reference_header))
    from.faults()(from.at("referenceHeader"), "pattern", "is not a header name");
  read_status(from, into);
  read_tls(from, into.tls);
  read_proxy(from, into.proxy);
  read_auth(from, into);
  read_signing_secrets(from, into);
}

}  // namespace

std::optional<config> parse_config(std::string_view text, sdk::fault_sink& faults) {
  const auto document = json::parse(text.begin(), text.end(), nullptr, false);
  if (!document.is_object()) {
    faults("", "type", "the configuration must be a JSON object");
    return std::nullopt;
  }
  const auto before = faults.count();
  config settings;
  read_all(reader{document, "", faults}, settings);
  if (faults.count() != before) return std::nullopt;
  return settings;
}

}  // namespace waybill::webhook
