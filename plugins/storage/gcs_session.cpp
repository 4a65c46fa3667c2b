// SPDX-License-Identifier: Apache-2.0
#include "gcs_session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include <waybill/transfer/sigv4.hpp>

#include "gcs_answers.hpp"
#include "node_identity.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

constexpr const char* service_url = "https://storage.googleapis.com";
// By address: metadata.google.internal is the same, and needs a name server.
constexpr const char* metadata_server = "http://169.254.169.254";
constexpr const char* scope = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr std::int64_t assertion_lifetime_s = 3'600;

constexpr std::size_t small_answer_bytes = std::size_t{64} * 1'024;
// A page of a listing: 250 objects with 1,024 bytes of name and 8 KiB of metadata, escaped.
constexpr std::size_t large_answer_bytes = std::size_t{8} * 1'048'576;

/// What Google means by its reasons, where the status does not say it
/// (https://cloud.google.com/storage/docs/json_api/v1/status-codes).
struct meaning {
  std::string_view code;
  category why;
  const char* message;
};
constexpr std::array<meaning, 17> meanings{{
    {"authError", category::authentication, "The store does not accept the credentials."},
    {"required", category::authentication, "The store does not accept the credentials."},
    {"forbidden", category::authentication, "The credentials do not permit this."},
    {"insufficientPermissions", category::authentication, "The credentials do not permit this."},
    {"accountDisabled", category::authentication, "The account is disabled."},
    {"accessNotConfigured", category::configuration, "Cloud Storage is not enabled in the project."},
    {"billingNotEnabled", category::configuration, "The project has no billing."},
    {"UserProjectMissing", category::configuration, "The bucket wants its requests paid for: userProject is missing."},
    {"UserProjectAccessDenied", category::authentication, "The credentials may not bill the project."},
    {"notFound", category::configuration, "The store does not know the bucket."},
    {"rateLimitExceeded", category::rate_limit, "The store asks to slow down."},
    {"userRateLimitExceeded", category::rate_limit, "The store asks to slow down."},
    {"quotaExceeded", category::remote, "The project's quota is used up."},
    {"retentionPolicyNotMet", category::validation, "The bucket's policy keeps the object as it is."},
    {"objectUnderActiveHold", category::validation, "The object is held."},
    {"KmsKeyNotFound", category::configuration, "The store does not know the key of the encryption."},
    {"backendError", category::remote, "The store could not take the object."},
}};

[[nodiscard]] transfer::oauth2_settings account_settings(const gcs_credentials& from) {
  transfer::oauth2_settings out;
  out.grant = transfer::grant_type::jwt_bearer;
  out.client = transfer::client_authentication::none;
  out.token_url = from.token_url;
  out.assertion.algorithm = "RS256";
  out.assertion.key = from.private_key;
  out.assertion.key_id = from.private_key_id;
  out.assertion.issuer = from.client_email;
  out.assertion.audience = from.token_url;
  out.assertion.lifetime_s = assertion_lifetime_s;
  out.assertion.claims = "\"scope\":\"" + std::string{scope} + "\",";
  return out;
}

[[nodiscard]] transfer::oauth2_settings machine_settings(const gcs_credentials& from) {
  transfer::oauth2_settings out;
  out.grant = transfer::grant_type::metadata_server;
  out.token_url = (from.metadata_endpoint.empty() ? std::string{metadata_server} : from.metadata_endpoint) +
                  "/computeMetadata/v1/instance/service-accounts/" + transfer::uri_encode(from.account) + "/token";
  out.headers = {{"Metadata-Flavor", "Google"}};
  return out;
}

/// What of an upload's URL is its right.
[[nodiscard]] std::string_view right_of(std::string_view url) {
  constexpr std::string_view name = "upload_id=";
  const auto at = url.find(name);
  if (at == std::string_view::npos) return {};
  url.remove_prefix(at + name.size());
  return url.substr(0, url.find('&'));
}

}  // namespace

gcs_session::gcs_session(gcs_settings settings, client_environment with)
    : settings_(std::move(settings)),
      with_(std::move(with)),
      base_(settings_.endpoint.empty() ? std::string{service_url} : settings_.endpoint) {
  const auto& from = settings_.credentials;
  auto way = with_.way();
  way.max_answer_bytes = small_answer_bytes;
  auto to_tokens = way;
  const bool machine = from.kind == gcs_credentials_kind::metadata_server;
  if (machine) {
    to_tokens.proxy = {};  // what is next door is not behind it
    if (leads_elsewhere(settings_.endpoint, way)) to_tokens.guard = never_the_nodes_own(std::move(to_tokens.guard));
  }
  const auto timeout = std::min(with_.connection.timeout, std::chrono::milliseconds{10'000});
  tokens_ = std::make_shared<transfer::token_source>(machine ? machine_settings(from) : account_settings(from),
                                                     std::move(to_tokens), timeout, plugin_reactor(), with_.host);
  way.headers.add("X-Goog-User-Project", settings_.user_project);
  endpoint_ = std::make_shared<const transfer::endpoint>(way);
  way.max_answer_bytes = large_answer_bytes;
  listing_endpoint_ = std::make_shared<const transfer::endpoint>(std::move(way));
  secrets_.add(from.private_key);
  secrets_.add(with_.connection.proxy.password);
}

std::string gcs_session::object_url(const std::string& key) const {
  return base_ + "/storage/v1/b/" + settings_.bucket + "/o/" + transfer::uri_encode(key) + "?prettyPrint=false";
}

std::string gcs_session::upload_url(std::string_view kind) const {
  auto url = base_ + "/upload/storage/v1/b/" + settings_.bucket + "/o?uploadType=" + std::string{kind};
  if (!settings_.predefined_acl.empty()) url += "&predefinedAcl=" + settings_.predefined_acl;
  if (!settings_.kms_key.empty()) url += "&kmsKeyName=" + transfer::uri_encode(settings_.kms_key);
  return url;
}

std::string gcs_session::resource(const new_object& what, const std::string& md5) const {
  nlohmann::json out{{"name", what.key}, {"contentType", what.content_type}, {"md5Hash", md5}};
  auto metadata = nlohmann::json::object();
  for (const auto& [name, value] : what.metadata) metadata[name] = value;
  // Objects have no tags here: they stand among the metadata under a name of their own.
  for (const auto& [name, value] : what.tags) metadata["tag-" + name] = value;
  if (!metadata.empty()) out["metadata"] = std::move(metadata);
  if (!settings_.storage_class.empty()) out["storageClass"] = settings_.storage_class;
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void gcs_session::send(call_ptr by, request what, answered then) {
  auto held = std::make_shared<const request>(std::move(what));
  if (held->by == authority::of_the_url) return send_with(std::move(by), std::move(held), {}, false, std::move(then));
  const auto token = tokens_->current();
  if (!token.empty()) return send_with(std::move(by), std::move(held), token, true, std::move(then));
  send_with_token(std::move(by), std::move(held), {}, std::move(then));
}

void gcs_session::send_with_token(call_ptr by, request_ptr what, const std::string& refused, answered then) {
  const bool may_renew = refused.empty();
  tokens_->fetch(refused, [self = shared_from_this(), by = std::move(by), what = std::move(what), may_renew,
                           then = std::move(then)](const std::string& token, const transfer::token_failure& why) {
    if (!token.empty()) return self->send_with(by, what, token, may_renew, then);
    auto r = sdk::result::retry(why.why, why.detail, why.code);
    r.message = "No credentials could be had for the store.";
    then(std::move(r), transfer::outcome{});
  });
}

void gcs_session::send_with(call_ptr by, request_ptr what, const std::string& token, bool may_renew, answered then) {
  call::request one;
  one.method = what->method;
  one.url = what->url;
  for (const auto& [name, value] : what->headers) one.headers.add(name, value);
  if (!token.empty()) one.headers.add("Authorization", "Bearer " + token, transfer::secrecy::secret);
  if (what->bytes) {
    const auto all = what->bytes->in_memory();
    if (all)
      one.body.borrowed = all->substr(static_cast<std::size_t>(what->offset), static_cast<std::size_t>(what->size));
    else
      one.body.source = std::make_shared<content_range>(what->bytes, what->offset, what->size);
  } else {
    one.body.borrowed = what->body;
  }
  const auto& to = what->expects == answer_size::large ? listing_endpoint_ : endpoint_;
  // `what` keeps the borrowed bytes.
  call::send(by, to, std::move(one),
             [self = shared_from_this(), by, what, token, may_renew, then = std::move(then)](const transfer::exchange& sent,
                                                                                             const transfer::outcome& got) {
               if (may_renew && got.how == transfer::ending::answered && got.status == 401)
                 return self->send_with_token(by, what, token, then);
               auto r = self->judge(got, what->doing);
               add_records(r, sent, got, self->secrets_of(sent, got));
               then(std::move(r), got);
             });
}

transfer::redactor gcs_session::secrets_of(const transfer::exchange& sent, const transfer::outcome& got) const {
  auto out = secrets_;
  out.add(right_of(sent.url));
  out.add(right_of(got.header("location")));
  out.add(got.header("x-guploader-uploadid"));
  return out;
}

sdk::result gcs_session::judge(const transfer::outcome& got, const char* doing) const {
  const bool is_answer = got.how == transfer::ending::answered;
  if (is_answer && got.status == 308) return sdk::result::delivered(308);
  const auto why = is_answer && got.status >= 300 ? read_gcs_error(got.body) : service_error{};
  auto r = judge_http(got, doing, why);
  for (const auto& one : meanings)
    if (!why.code.empty() && why.code == one.code) {
      r.why = one.why;
      r.message = one.message;
    }
  if (r.why == category::rate_limit) r.what = sdk::action::throttled;
  return r;
}

}  // namespace waybill::storage
