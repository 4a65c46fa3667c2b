// SPDX-License-Identifier: Apache-2.0
#include "azure_session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <waybill/transfer/sigv4.hpp>

#include "azure_answers.hpp"
#include "azure_signature.hpp"
#include "node_identity.hpp"
#include "s3_answers.hpp"
#include "times.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

// Knows tags of blobs, tokens of Microsoft Entra and blocks of 4,000 MiB.
constexpr const char* service_version = "2021-12-02";
constexpr const char* token_scope = "https://storage.azure.com/.default";
constexpr const char* token_resource = "https://storage.azure.com/";
constexpr const char* metadata_server = "http://169.254.169.254";

constexpr std::size_t small_answer_bytes = std::size_t{64} * 1'024;
// A page of a listing, see azure_client; and the list of 50,000 blocks, about 120 bytes each.
constexpr std::size_t large_answer_bytes = std::size_t{8} * 1'048'576;

/// What Azure means by its codes, where the status does not say it
/// (https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes).
struct meaning {
  std::string_view code;
  category why;
  const char* message;
};
constexpr std::array<meaning, 28> meanings{{
    {"AuthenticationFailed", category::authentication, "The store does not accept the key, signature or token."},
    {"InvalidAuthenticationInfo", category::authentication, "The store does not accept the key, signature or token."},
    {"NoAuthenticationInformation", category::authentication, "The store does not accept the key, signature or token."},
    {"AuthorizationFailure", category::authentication, "The credentials do not permit this."},
    {"AuthorizationPermissionMismatch", category::authentication, "The credentials do not permit this."},
    {"AuthorizationProtocolMismatch", category::authentication, "The shared access signature does not permit this protocol."},
    {"AuthorizationResourceTypeMismatch", category::authentication, "The shared access signature does not permit this."},
    {"AuthorizationServiceMismatch", category::authentication, "The shared access signature is not for blobs."},
    {"AuthorizationSourceIPMismatch", category::authentication, "The credentials do not permit this address of the sender."},
    {"InsufficientAccountPermissions", category::authentication, "The credentials do not permit this."},
    {"KeyBasedAuthenticationNotPermitted", category::authentication, "The account does not permit keys."},
    {"AccountIsDisabled", category::authentication, "The storage account is disabled."},
    {"ContainerNotFound", category::configuration, "The store does not know the container."},
    {"ContainerDisabled", category::configuration, "The container is disabled."},
    {"ContainerBeingDeleted", category::configuration, "The container is being deleted."},
    {"InvalidResourceName", category::configuration, "The store does not take this name."},
    {"InvalidUri", category::configuration, "The store does not take this name."},
    {"FeatureEncryptionScopeNotSupported", category::configuration, "The store does not know the encryption scope."},
    {"EncryptionScopeNotFound", category::configuration, "The store does not know the encryption scope."},
    {"InvalidBlobTier", category::configuration, "The store does not offer this access tier."},
    {"AccessTierNotSupportedForBlobType", category::configuration, "The store does not offer this access tier."},
    {"Md5Mismatch", category::network, "The object changed on its way."},
    {"InvalidMd5", category::network, "The object changed on its way."},
    {"InvalidBlockList", category::remote, "Somebody else stored the same object meanwhile."},
    {"OperationTimedOut", category::timeout, "The store did not answer in time."},
    {"BlobImmutableDueToPolicy", category::validation, "The store holds an object of this name that may not be replaced."},
    {"LeaseIdMissing", category::validation, "Somebody holds a lease on the object."},
    {"SnapshotsPresent", category::validation, "The object has snapshots."},
}};

[[nodiscard]] std::string account_url(const azure_settings& s) {
  return s.endpoint.empty() ? "https://" + s.account + ".blob.core.windows.net" : s.endpoint;
}

[[nodiscard]] std::string_view path_of(std::string_view url) {
  const auto from = url.find('/', url.find("://") + 3);
  url.remove_prefix(from == std::string_view::npos ? url.size() : from);
  return url.substr(0, url.find('?'));
}

[[nodiscard]] transfer::oauth2_settings principal_settings(const azure_credentials& from) {
  transfer::oauth2_settings out;
  out.token_url = from.authority + "/" + from.tenant_id + "/oauth2/v2.0/token";
  out.client_id = from.client_id;
  out.client_secret = from.client_secret;
  out.client = transfer::client_authentication::body;
  out.scope = token_scope;
  if (from.certificate_pem.empty()) return out;
  out.client = transfer::client_authentication::signed_assertion;
  out.assertion.algorithm = "RS256";
  out.assertion.key = from.key_pem;
  out.assertion.issuer = out.assertion.subject = from.client_id;
  out.assertion.audience = out.token_url;
  out.assertion.header_members = "\"x5t\":\"" + transfer::certificate_thumbprint(from.certificate_pem) + "\",";
  return out;
}

[[nodiscard]] transfer::oauth2_settings identity_settings(const azure_credentials& from) {
  transfer::oauth2_settings out;
  out.grant = transfer::grant_type::metadata_server;
  out.token_url = (from.metadata_endpoint.empty() ? std::string{metadata_server} : from.metadata_endpoint) +
                  "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" + transfer::uri_encode(token_resource);
  if (!from.client_id.empty()) out.token_url += "&client_id=" + transfer::uri_encode(from.client_id);
  out.headers = {{"Metadata", "true"}};
  return out;
}

[[nodiscard]] std::string sas_signature(const std::string& token) {
  const auto at = token.rfind("sig=", 0) == 0 ? 0 : token.find("&sig=") + 1;
  return token.substr(at + 4, token.find('&', at) - at - 4);
}

}  // namespace

std::string azure_metadata_name(std::string_view name) {
  std::string out;
  if (!name.empty() && name.front() >= '0' && name.front() <= '9') out += '_';
  for (const char c : name) out += c == '-' ? '_' : c;
  return out;
}

azure_session::azure_session(azure_settings settings, client_environment with)
    : settings_(std::move(settings)), with_(std::move(with)), base_(account_url(settings_) + "/" + settings_.container) {
  auto way = with_.way();
  way.max_answer_bytes = small_answer_bytes;
  make_tokens(way);
  way.headers.add("x-ms-version", service_version);
  endpoint_ = std::make_shared<const transfer::endpoint>(way);
  way.max_answer_bytes = large_answer_bytes;
  listing_endpoint_ = std::make_shared<const transfer::endpoint>(std::move(way));
  learn_secrets();
}

void azure_session::make_tokens(const transfer::endpoint_options& way) {
  const auto& from = settings_.credentials;
  const bool machine = from.kind == azure_credentials_kind::managed_identity;
  if (!machine && from.kind != azure_credentials_kind::service_principal) return;
  auto to_tokens = way;
  if (machine) {
    to_tokens.proxy = {};  // what is next door is not behind it
    if (leads_elsewhere(settings_.endpoint, way)) to_tokens.guard = never_the_nodes_own(std::move(to_tokens.guard));
  }
  const auto timeout = std::min(with_.connection.timeout, std::chrono::milliseconds{10'000});
  tokens_ = std::make_shared<transfer::token_source>(machine ? identity_settings(from) : principal_settings(from),
                                                     std::move(to_tokens), timeout, plugin_reactor(), with_.host);
}

void azure_session::learn_secrets() {
  const auto& from = settings_.credentials;
  secrets_.add(from.account_key_text);
  secrets_.add(from.client_secret);
  secrets_.add(with_.connection.proxy.password);
  if (from.kind != azure_credentials_kind::sas) return;
  // As it stands in the URL, and as an error might quote it.
  const auto signature = sas_signature(from.sas_token);
  secrets_.add(signature);
  secrets_.add(uri_decode(signature));
}

void azure_session::send(call_ptr by, request what, answered then) {
  auto held = std::make_shared<const request>(std::move(what));
  if (!tokens_) return send_with(std::move(by), std::move(held), {}, false, std::move(then));
  const auto token = tokens_->current();
  if (!token.empty()) return send_with(std::move(by), std::move(held), token, true, std::move(then));
  send_with_token(std::move(by), std::move(held), {}, std::move(then));
}

void azure_session::send_with_token(call_ptr by, request_ptr what, const std::string& refused, answered then) {
  const bool may_renew = refused.empty();
  tokens_->fetch(refused, [self = shared_from_this(), by = std::move(by), what = std::move(what), may_renew,
                           then = std::move(then)](const std::string& token, const transfer::token_failure& why) {
    if (!token.empty()) return self->send_with(by, what, token, may_renew, then);
    auto r = sdk::result::retry(why.why, why.detail, why.code);
    r.message = "No credentials could be had for the store.";
    then(std::move(r), transfer::outcome{});
  });
}

void azure_session::send_with(call_ptr by, request_ptr what, const std::string& token, bool may_renew, answered then) {
  call::request one;
  one.method = what->method;
  one.url = url_of(*what);
  for (const auto& [name, value] : what->headers) one.headers.add(name, value);
  if (what->bytes) {
    const auto all = what->bytes->in_memory();
    if (all)
      one.body.borrowed = all->substr(static_cast<std::size_t>(what->offset), static_cast<std::size_t>(what->size));
    else
      one.body.source = std::make_shared<content_range>(what->bytes, what->offset, what->size);
  } else {
    one.body.owned = what->body;
  }
  const auto finish = [&](transfer::exchange& ready) { authorize(ready, *what, token); };
  const auto& to = what->expects == answer_size::large ? listing_endpoint_ : endpoint_;
  // `what` keeps the borrowed bytes.
  call::send(by, to, std::move(one), finish,
             [self = shared_from_this(), by, what, token, may_renew, then = std::move(then)](const transfer::exchange& sent,
                                                                                             const transfer::outcome& got) {
               if (may_renew && got.how == transfer::ending::answered && got.status == 401)
                 return self->send_with_token(by, what, token, then);
               auto r = self->judge(got, what->doing);
               add_records(r, sent, got, self->secrets_);
               then(std::move(r), got);
             });
}

void azure_session::authorize(transfer::exchange& ready, const request& what, const std::string& token) const {
  if (!token.empty()) return ready.headers.add("Authorization", "Bearer " + token, transfer::secrecy::secret);
  if (settings_.credentials.kind != azure_credentials_kind::shared_key) return;
  ready.headers.add("x-ms-date", format_utc(sdk::now_ms(), "%a, %d %b %Y %H:%M:%S GMT"));
  auto signed_headers = ready.headers;
  signed_headers.add("x-ms-version", service_version);
  const azure_signed_request to_sign{ready.method, path_of(ready.url), what.query, signed_headers,
                                     what.bytes ? what.size : what.body.size()};
  ready.headers.add("Authorization", azure_authorization(settings_.account, settings_.credentials.account_key, to_sign),
                    transfer::secrecy::secret);
}

std::string azure_session::url_of(const std::string& key) const {
  return base_ + (key.empty() ? std::string{} : "/" + transfer::uri_encode(key, transfer::slash::keep));
}

std::string azure_session::url_of(const request& what) const {
  auto url = url_of(what.key);
  char mark = '?';
  for (const auto& [name, value] : what.query) {
    url.append(1, mark).append(name).append("=").append(transfer::uri_encode(value));
    mark = '&';
  }
  if (settings_.credentials.kind == azure_credentials_kind::sas) url.append(1, mark).append(settings_.credentials.sas_token);
  return url;
}

sdk::result azure_session::judge(const transfer::outcome& got, const char* doing) const {
  service_error why;
  if (got.how == transfer::ending::answered && got.status >= 300) {
    why = read_azure_error(got.body);
    // HEAD has no body, and the header is there always.
    if (why.code.empty()) why.code = clean_code(got.header("x-ms-error-code"));
  }
  auto r = judge_http(got, doing, why);
  for (const auto& one : meanings)
    if (!why.code.empty() && why.code == one.code) {
      r.why = one.why;
      r.message = one.message;
    }
  if (why.code == "OperationTimedOut" || why.code == "InternalError") r.what = sdk::action::retry;
  return r;
}

}  // namespace waybill::storage
