// SPDX-License-Identifier: Apache-2.0
#include "s3_session.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace waybill::storage {
namespace {

using sdk::category;

constexpr std::size_t small_answer_bytes = std::size_t{64} * 1'024;
// A page of a listing: 250 keys of at most 1,024 bytes, each byte three when encoded; and of 1,000 parts.
constexpr std::size_t large_answer_bytes = std::size_t{2} * 1'048'576;

/// What S3 means by its codes, where the status does not say it
/// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
struct meaning {
  std::string_view code;
  category why;
  const char* message;
};
constexpr std::array<meaning, 25> meanings{{
    {"ExpiredToken", category::authentication, "The store does not accept the credentials any more."},
    {"InvalidToken", category::authentication, "The store does not accept the session token."},
    {"TokenRefreshRequired", category::authentication, "The store does not accept the credentials any more."},
    {"InvalidAccessKeyId", category::authentication, "The store does not know the access key."},
    {"SignatureDoesNotMatch", category::authentication, "The store does not accept the secret key."},
    {"AccessDenied", category::authentication, "The credentials do not permit this."},
    {"AllAccessDisabled", category::authentication, "The store has closed the bucket."},
    {"RequestTimeTooSkewed", category::system, "The clocks of sender and store differ too much."},
    {"RequestExpired", category::system, "The clocks of sender and store differ too much."},
    {"NoSuchBucket", category::configuration, "The store does not know the bucket."},
    {"InvalidBucketName", category::configuration, "The store does not know the bucket."},
    {"PermanentRedirect", category::configuration, "The bucket is in another region."},
    {"TemporaryRedirect", category::configuration, "The bucket is in another region."},
    {"IllegalLocationConstraintException", category::configuration, "The bucket is in another region."},
    {"AuthorizationHeaderMalformed", category::configuration, "The bucket is in another region."},
    {"InvalidStorageClass", category::configuration, "The store does not know the storage class."},
    {"InvalidEncryptionAlgorithmError", category::configuration, "The store does not offer this encryption."},
    {"KMS.NotFoundException", category::configuration, "The store does not know the key of the encryption."},
    {"KMS.DisabledException", category::configuration, "The key of the encryption is disabled."},
    {"NotImplemented", category::configuration, "The store does not offer what the configuration asks for."},
    {"BadDigest", category::network, "The object changed on its way."},
    {"XAmzContentSHA256Mismatch", category::network, "The object changed on its way."},
    {"XAmzContentChecksumMismatch", category::network, "The object changed on its way."},
    {"RequestTimeout", category::timeout, "The object did not arrive in time."},
    {"QuotaExceeded", category::remote, "The store has no room left."},
}};

[[nodiscard]] bool tells_of_an_old_key(std::string_view code) {
  return code == "ExpiredToken" || code == "InvalidToken" || code == "TokenRefreshRequired" || code == "InvalidAccessKeyId";
}

[[nodiscard]] std::string service_url(const s3_settings& s) {
  if (!s.endpoint.empty()) return s.endpoint;
  const bool china = s.region.rfind("cn-", 0) == 0;
  return "https://s3." + s.region + (china ? ".amazonaws.com.cn" : ".amazonaws.com");
}

[[nodiscard]] std::string base_url(const s3_settings& s) {
  auto url = service_url(s);
  if (s.path_style) return url + "/" + s.bucket + "/";
  return url.insert(url.find("://") + 3, s.bucket + ".") + "/";
}

}  // namespace

s3_session::s3_session(s3_settings settings, client_environment with)
    : settings_(std::move(settings)), with_(std::move(with)), base_(base_url(settings_)), signer_(settings_.region, "s3") {
  auto way = with_.way();
  way.max_answer_bytes = small_answer_bytes;
  const auto timeout = std::min(with_.connection.timeout, std::chrono::milliseconds{10'000});
  credentials_ = std::make_shared<credential_source>(settings_.credentials, settings_.region, way, timeout, with_.host);
  endpoint_ = std::make_shared<const transfer::endpoint>(way);
  way.max_answer_bytes = large_answer_bytes;
  listing_endpoint_ = std::make_shared<const transfer::endpoint>(std::move(way));
  secrets_.add(settings_.credentials.key.secret_access_key);
  secrets_.add(settings_.credentials.key.session_token);
  secrets_.add(settings_.credentials.web_identity_token);
  secrets_.add(settings_.credentials.metadata_token);
  secrets_.add(with_.connection.proxy.password);
}

void s3_session::send(call_ptr by, request what, answered then) {
  auto held = std::make_shared<request>(std::move(what));
  credentials_->get({}, [self = shared_from_this(), by = std::move(by), held, then = std::move(then)](
                            const transfer::aws_credentials& key, const sdk::result& why) {
    if (why.what != sdk::action::delivered) return then(why, transfer::outcome{});
    self->send_with(by, held, key, self->credentials_->renews(), then);
  });
}

void s3_session::send_with(call_ptr by, std::shared_ptr<request> what, const transfer::aws_credentials& key, bool may_renew,
                           answered then) {
  call::request one;
  one.method = what->method;
  one.url = url_of(*what);
  for (const auto& [name, value] : what->headers) one.headers.add(name, value);
  one.headers.add("x-amz-expected-bucket-owner", settings_.bucket_owner);
  auto hash = what->payload_hash;
  if (what->bytes) {
    const auto all = what->bytes->in_memory();
    if (all)
      one.body.borrowed = all->substr(static_cast<std::size_t>(what->offset), static_cast<std::size_t>(what->size));
    else
      one.body.source = std::make_shared<content_range>(what->bytes, what->offset, what->size);
  } else {
    one.body.owned = what->body;
    hash = transfer::to_hex(transfer::sha256(what->body));
  }
  const auto finish = [&](transfer::exchange& ready) { signer_.sign(ready, key, hash, sdk::now_ms()); };
  const auto& to = what->expects == answer_size::large ? listing_endpoint_ : endpoint_;
  // `what` keeps the borrowed bytes.
  call::send(by, to, std::move(one), finish,
             [self = shared_from_this(), by, what, id = key.access_key_id, may_renew, then = std::move(then)](
                 const transfer::exchange& sent, const transfer::outcome& got) {
               const bool refused = got.how == transfer::ending::answered && got.status >= 400 && got.status < 500;
               if (may_renew && refused && tells_of_an_old_key(read_s3_error(got.body).code))
                 return self->credentials_->get(id, [self, by, what, then](const auto& fresh, const sdk::result& why) {
                   if (why.what != sdk::action::delivered) return then(why, transfer::outcome{});
                   self->send_with(by, what, fresh, false, then);
                 });
               auto r = self->judge(got, what->doing);
               add_records(r, sent, got, self->secrets_);
               then(std::move(r), got);
             });
}

std::string s3_session::url_of(const request& what) const {
  auto url = base_ + transfer::uri_encode(what.key, transfer::slash::keep);
  if (!what.query.empty()) url.append("?").append(what.query);
  return url;
}

sdk::result s3_session::judge(const transfer::outcome& got, const char* doing) const {
  // Some answers begin with a 200 and then tell of a failure (CompleteMultipartUpload).
  const bool is_answer = got.how == transfer::ending::answered;
  const auto why = is_answer && (got.status >= 300 || got.body.find("<Error>") != std::string_view::npos)
                       ? read_s3_error(got.body)
                       : service_error{};
  auto r = judge_http(got, doing, why);
  if (!is_answer || why.code.empty()) return r;
  if (r.what == sdk::action::delivered)
    r = sdk::result::retry(category::remote, std::string{doing} + " failed: " + why.code + ": " + why.message, got.status);
  for (const auto& one : meanings)
    if (why.code == one.code) {
      r.why = one.why;
      r.message = one.message;
    }
  if (why.code == "SlowDown") {
    r.what = sdk::action::throttled;
    r.why = category::rate_limit;
  }
  return r;
}

}  // namespace waybill::storage
