// SPDX-License-Identifier: Apache-2.0
#include "provider_config.hpp"

#include <array>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

#include "config_rules.hpp"

namespace waybill::email {
namespace {

template <class Choice, std::size_t Count>
using choices = std::array<std::pair<std::string_view, Choice>, Count>;

constexpr choices<provider_kind, 9> kinds{{{"smtp", provider_kind::smtp},
                                           {"sendgrid", provider_kind::sendgrid},
                                           {"resend", provider_kind::resend},
                                           {"ses", provider_kind::ses},
                                           {"mailgun", provider_kind::mailgun},
                                           {"postmark", provider_kind::postmark},
                                           {"sparkpost", provider_kind::sparkpost},
                                           {"graph", provider_kind::graph},
                                           {"custom", provider_kind::custom}}};
constexpr choices<smtp_security, 3> securities{
    {{"starttls", smtp_security::starttls}, {"tls", smtp_security::tls}, {"none", smtp_security::none}}};
constexpr choices<smtp_auth_kind, 3> smtp_auths{
    {{"none", smtp_auth_kind::none}, {"password", smtp_auth_kind::password}, {"oauth2", smtp_auth_kind::oauth2}}};
constexpr choices<smtp_mechanism, 6> mechanisms{{{"auto", smtp_mechanism::automatic},
                                                 {"PLAIN", smtp_mechanism::plain},
                                                 {"LOGIN", smtp_mechanism::login},
                                                 {"CRAM-MD5", smtp_mechanism::cram_md5},
                                                 {"XOAUTH2", smtp_mechanism::xoauth2},
                                                 {"OAUTHBEARER", smtp_mechanism::oauthbearer}}};
constexpr choices<partial_refusal, 2> partials{{{"deliver", partial_refusal::deliver}, {"fail", partial_refusal::fail}}};
constexpr choices<transfer::grant_type, 3> grants{{{"clientCredentials", transfer::grant_type::client_credentials},
                                                   {"refreshToken", transfer::grant_type::refresh_token},
                                                   {"jwtBearer", transfer::grant_type::jwt_bearer}}};
constexpr choices<transfer::client_authentication, 2> clients{
    {{"basic", transfer::client_authentication::basic}, {"body", transfer::client_authentication::body}}};
constexpr choices<custom_auth_kind, 5> custom_auths{{{"none", custom_auth_kind::none},
                                                     {"apiKey", custom_auth_kind::api_key},
                                                     {"bearer", custom_auth_kind::bearer},
                                                     {"basic", custom_auth_kind::basic},
                                                     {"oauth2", custom_auth_kind::oauth2}}};
constexpr choices<custom_encoding, 2> encodings{{{"json", custom_encoding::json}, {"form", custom_encoding::form}}};

void read_oauth2(const config_reader& from, transfer::oauth2_settings& into, const std::string& subject) {
  from.choice("grant", grants, into.grant);
  from.choice("clientAuthentication", clients, into.client);
  from.text("tokenUrl", into.token_url);
  from.text("clientId", into.client_id);
  from.text("clientSecret", into.client_secret);
  from.text("refreshToken", into.refresh_token);
  from.text("scope", into.scope);
  from.text("audience", into.audience);
  // A public client has no secret to prove itself with (RFC 6749 section 2.1).
  if (into.grant != transfer::grant_type::client_credentials && into.client_secret.empty())
    into.client = transfer::client_authentication::none;
  if (into.grant == transfer::grant_type::jwt_bearer) {
    auto& assertion = into.assertion;
    assertion.algorithm = "RS256";
    assertion.subject = subject;
    assertion.audience = into.audience.empty() ? into.token_url : into.audience;
    from.text("keyPem", assertion.key);
    from.text("keyId", assertion.key_id);
    from.text("issuer", assertion.issuer);
    // Google wants the scope in the assertion.
    if (!into.scope.empty()) {
      assertion.claims = "\"scope\":";
      transfer::append_json_string(assertion.claims, into.scope);
      assertion.claims += ',';
    }
    into.audience.clear();
  }
  check_oauth2(from.pointer(), into, from.faults());
}

void read_smtp_auth(const config_reader& from, smtp_settings& into) {
  const auto object = from.object("auth");
  if (!object) return;
  auto& auth = into.auth;
  object->choice("type", smtp_auths, auth.kind);
  if (auth.kind == smtp_auth_kind::none) return;
  object->required_text("username", auth.username);
  check_plain(object->at("username"), auth.username, object->faults());
  object->choice("mechanism", mechanisms, auth.mechanism);
  const bool token = auth.mechanism == smtp_mechanism::xoauth2 || auth.mechanism == smtp_mechanism::oauthbearer;
  if (auth.mechanism != smtp_mechanism::automatic && token != (auth.kind == smtp_auth_kind::oauth2))
    object->faults()(object->at("mechanism"), "mechanism", "does not fit this kind of authentication");
  if (auth.kind == smtp_auth_kind::password) object->required_text("password", auth.password);
  if (auth.password.find('\0') != std::string::npos)
    object->faults()(object->at("password"), "injection", "must not contain a NUL character");
  if (auth.kind == smtp_auth_kind::oauth2) read_oauth2(*object, auth.oauth2, auth.username);
  // A token is good anywhere it is shown (RFC 6750 section 5.3).
  if (auth.kind == smtp_auth_kind::oauth2 && into.security == smtp_security::none)
    object->faults()(from.at("security"), "security", "an access token must not be sent without TLS");
}

void read_smtp(const config_reader& from, smtp_settings& into) {
  from.text("host", into.host);
  check_host(from.at("host"), into.host, from.faults());
  from.choice("security", securities, into.security);
  const int usual = into.security == smtp_security::tls ? 465 : into.security == smtp_security::starttls ? 587 : 25;
  into.port = static_cast<std::uint16_t>(from.number("port", usual, 1, 65'535));
  from.text("ehloName", into.ehlo_name);
  if (!into.ehlo_name.empty() && ascii_domain(into.ehlo_name) != into.ehlo_name)
    from.faults()(from.at("ehloName"), "host", "is not a domain name or an address literal");
  from.text("envelopeFrom", into.envelope_from);
  if (!into.envelope_from.empty()) {
    const auto found = parse_addresses(into.envelope_from);
    if (!found.fault.empty() || found.list.size() != 1 || !found.list.front().name.empty())
      from.faults()(from.at("envelopeFrom"), "address", "must be one address without a name");
    else
      into.envelope_from = found.list.front().spec();
  }
  from.choice("onPartialRefusal", partials, into.partial);
  into.messages_per_connection = from.number("maxMessagesPerConnection", into.messages_per_connection, 1, 100'000);
  into.greylist_delay = std::chrono::seconds{from.number("greylistDelaySeconds", into.greylist_delay.count(), 0, 86'400)};
  read_smtp_auth(from, into);
}

void read_key(const config_reader& from, const char* name, http_settings& into) {
  from.required_text(name, into.secret);
  check_plain(from.at(name), into.secret, from.faults());
}

void read_base(const config_reader& from, const char* usual, http_settings& into) {
  into.base_url = usual;
  from.text("baseUrl", into.base_url);
  if (!into.base_url.empty()) check_url(from.at("baseUrl"), into.base_url, url_kind::http, from.faults());
}

void read_ses(const config_reader& from, http_settings& into) {
  from.required_text("region", into.region);
  if (into.region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
    from.faults()(from.at("region"), "pattern", "is not the name of a region");
  from.required_text("accessKeyId", into.access_key_id);
  from.required_text("secretAccessKey", into.secret_access_key);
  from.text("sessionToken", into.session_token);
  from.text("configurationSet", into.configuration_set);
  for (const auto* name : {"accessKeyId", "secretAccessKey", "sessionToken"}) {
    std::string value;
    from.text(name, value);
    check_plain(from.at(name), value, from.faults());
  }
}

/// `"x5t#S256":"…",`: which certificate signs (RFC 7515 section 4.1.8); empty if it is none.
[[nodiscard]] std::string thumbprint_member(const std::string& pem) {
  BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* const certificate = bio == nullptr ? nullptr : PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  std::string out;
  if (certificate != nullptr && X509_digest(certificate, EVP_sha256(), digest, &size) == 1)
    out = "\"x5t#S256\":\"" + transfer::to_base64url({reinterpret_cast<const char*>(digest), size}) + "\",";
  X509_free(certificate);
  BIO_free(bio);
  return out;
}

void read_graph(const config_reader& from, http_settings& into) {
  std::string tenant;
  std::string login = "https://login.microsoftonline.com";
  std::string certificate;
  from.required_text("tenantId", tenant);
  if (tenant.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != std::string::npos)
    from.faults()(from.at("tenantId"), "pattern", "is not a tenant's id or domain");
  from.required_text("mailbox", into.mailbox);
  from.text("loginUrl", login);
  auto& oauth2 = into.oauth2;
  from.required_text("clientId", oauth2.client_id);
  from.text("clientSecret", oauth2.client_secret);
  from.text("certificatePem", certificate);
  from.text("keyPem", oauth2.assertion.key);
  while (!login.empty() && login.back() == '/') login.pop_back();
  oauth2.token_url = login + "/" + tenant + "/oauth2/v2.0/token";
  oauth2.client = transfer::client_authentication::body;
  oauth2.scope = "https://graph.microsoft.com/.default";
  from.text("scope", oauth2.scope);
  check_url(from.at("loginUrl"), oauth2.token_url, url_kind::http, from.faults());
  const bool by_certificate = !certificate.empty() || !oauth2.assertion.key.empty();
  if (by_certificate == !oauth2.client_secret.empty())
    from.faults()(from.at("clientSecret"), "required", "either clientSecret is required, or certificatePem and keyPem");
  if (!by_certificate) return;
  oauth2.client = transfer::client_authentication::signed_assertion;
  auto& assertion = oauth2.assertion;
  assertion.algorithm = "RS256";
  assertion.issuer = assertion.subject = oauth2.client_id;
  assertion.audience = oauth2.token_url;
  assertion.header_members = thumbprint_member(certificate);
  const auto key = transfer::read_private_key(assertion.key);
  if (assertion.header_members.empty()) from.faults()(from.at("certificatePem"), "pem", "holds no certificate in PEM");
  if (const auto why = transfer::jwt_signer::why_unusable(assertion); !why.empty())
    from.faults()(from.at("keyPem"), "key", why);
  else if (!assertion.header_members.empty() && (!key || !transfer::belongs_to(*key, certificate)))
    from.faults()(from.at("keyPem"), "mismatch", "is not the key of the certificate");
}

void read_custom_auth(const config_reader& from, http_settings& into) {
  const auto auth = from.object("auth");
  if (!auth) return;
  auto& own = into.custom;
  auth->choice("type", custom_auths, own.auth);
  auth->text("header", own.header);
  using kind = custom_auth_kind;
  if (own.auth == kind::api_key) {
    auth->required_text("value", into.secret);
    check_request_header(auth->at("header"), own.header, "-", auth->faults());
  }
  if (own.auth == kind::bearer) auth->required_text("token", into.secret);
  if (own.auth == kind::basic) {
    auth->required_text("username", own.username);
    auth->text("password", into.secret);
    // RFC 7617 section 2: the first colon ends the user name.
    if (own.username.find(':') != std::string::npos) auth->faults()(auth->at("username"), "colon", "must not contain a colon");
  }
  check_plain(auth->at("type"), into.secret + own.username, auth->faults());
  if (own.auth == kind::oauth2) read_oauth2(*auth, own.oauth2, {});
}

void read_custom_headers(const config_reader& from, http_settings& into) {
  const auto headers = from.object("headers");
  if (!headers) return;
  for (const auto& [name, value] : headers->raw().items()) {
    const auto pointer = headers->at(escape_pointer(name));
    if (!value.is_string()) {
      from.faults()(pointer, "type", "must be a text");
      continue;
    }
    check_request_header(pointer, name, value.get_ref<const std::string&>(), from.faults());
    const bool by_auth =
        into.custom.auth == custom_auth_kind::api_key
            ? transfer::equal_ignoring_case(name, into.custom.header)
            : into.custom.auth != custom_auth_kind::none && transfer::equal_ignoring_case(name, "Authorization");
    if (by_auth) from.faults()(pointer, "duplicate", "the same header is set by auth");
    into.headers.emplace_back(name, value.get<std::string>());
  }
}

void read_custom(const config_reader& from, http_settings& into) {
  auto& own = into.custom;
  from.text("url", into.base_url);
  check_url(from.at("url"), into.base_url, url_kind::http, from.faults());
  from.text("method", own.method);
  if (own.method != "POST" && own.method != "PUT" && own.method != "PATCH")
    from.faults()(from.at("method"), "enum", "must be POST, PUT or PATCH");
  from.choice("bodyEncoding", encodings, own.encoding);
  from.required_text("body", own.body);
  check_template(from.at("body"), own.body, from.faults());
  from.text("referencePointer", own.reference_pointer);
  from.text("referenceHeader", own.reference_header);
  from.text("errorPointer", own.error_pointer);
  check_pointer(from.at("referencePointer"), own.reference_pointer, from.faults());
  check_pointer(from.at("errorPointer"), own.error_pointer, from.faults());
  if (!own.reference_header.empty() && !transfer::is_header_name(own.reference_header))
    from.faults()(from.at("referenceHeader"), "pattern", "is not a header name");
  if (const auto test = from.object("test")) {
    test->text("method", own.test_method);
    test->text("url", own.test_url);
    if (own.test_method.empty()) own.test_method = "GET";
    if (own.test_method != "GET" && own.test_method != "HEAD" && own.test_method != "OPTIONS")
      from.faults()(test->at("method"), "enum", "must be GET, HEAD or OPTIONS");
    check_url(test->at("url"), own.test_url, url_kind::http, from.faults());
  }
  read_custom_auth(from, into);
  read_custom_headers(from, into);
}

void read_http(const config_reader& from, provider_kind kind, http_settings& into) {
  from.texts("tags", into.tags);
  for (std::size_t i = 0; i < into.tags.size(); ++i)
    check_plain(from.at("tags") + "/" + std::to_string(i), into.tags[i], from.faults());
  switch (kind) {
    case provider_kind::sendgrid:
      read_key(from, "apiKey", into);
      return read_base(from, "https://api.sendgrid.com", into);
    case provider_kind::resend:
      read_key(from, "apiKey", into);
      return read_base(from, "https://api.resend.com", into);
    case provider_kind::ses:
      read_ses(from, into);
      return read_base(from, "", into);
    case provider_kind::mailgun:
      read_key(from, "apiKey", into);
      from.required_text("domain", into.domain);
      return read_base(from, "https://api.mailgun.net", into);
    case provider_kind::postmark:
      read_key(from, "serverToken", into);
      from.text("messageStream", into.message_stream);
      return read_base(from, "https://api.postmarkapp.com", into);
    case provider_kind::sparkpost:
      read_key(from, "apiKey", into);
      return read_base(from, "https://api.sparkpost.com", into);
    case provider_kind::graph:
      read_graph(from, into);
      return read_base(from, "https://graph.microsoft.com", into);
    case provider_kind::custom:
      return read_custom(from, into);
    case provider_kind::smtp:
      break;
  }
}

}  // namespace

void read_provider(const config_reader& from, config& into) {
  const auto provider = from.object("provider");
  if (!provider) {
    if (from.find("provider") == nullptr) from.faults()(from.at("provider"), "required", "is required");
    return;
  }
  if (provider->find("type") == nullptr) from.faults()(provider->at("type"), "required", "is required");
  const auto before = from.faults().count();
  provider->choice("type", kinds, into.provider);
  if (from.faults().count() != before || provider->find("type") == nullptr) return;
  if (into.provider == provider_kind::smtp)
    read_smtp(*provider, into.smtp);
  else
    read_http(*provider, into.provider, into.http);
}

}  // namespace waybill::email
