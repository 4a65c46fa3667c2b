// SPDX-License-Identifier: Apache-2.0
#include "s3_client.hpp"

#include <utility>
#include <vector>

#include <waybill/transfer/json_text.hpp>

#include "s3_session.hpp"
#include "s3_upload.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

constexpr std::string_view page_keys = "250";  // see s3_session's large answers

[[nodiscard]] sdk::result not_understood(const char* doing, std::int32_t status) {
  auto r = sdk::result::retry(category::remote, std::string{doing} + " failed: the answer is not what S3 answers", status);
  r.message = "The store's answer could not be understood.";
  return r;
}

class s3_client final : public store_client {
public:
  explicit s3_client(std::shared_ptr<s3_session> session) : session_(std::move(session)) {}

  void put(call_ptr by, new_object what, done then) override;
  void list(call_ptr by, std::string prefix, std::string from, std::int64_t before_ms, listed then) override;
  void find_owner(call_ptr by, stored_object what, owned then) override;
  void remove(call_ptr by, stored_object what, done then) override;
  void abandon_uploads(call_ptr by, std::int64_t before_ms, done then) override;

private:
  using uploads = std::vector<std::pair<std::string, open_upload>>;
  static void abandon_next(std::shared_ptr<s3_session> session, call_ptr by, std::shared_ptr<uploads> left, done then);

  std::shared_ptr<s3_session> session_;
};

void s3_client::put(call_ptr by, new_object what, done then) {
  if (what.bytes->size() > single_put_bytes) return s3_upload::start(session_, std::move(by), std::move(what), std::move(then));
  s3_session::request one;
  one.method = "PUT";
  one.key = what.key;
  one.headers = object_headers(session_->settings(), what);
  one.bytes = what.bytes;
  const auto size = what.bytes->size();
  one.size = size;
  one.payload_hash = transfer::to_hex(what.bytes->sha256());
  one.doing = "storing the object";
  std::string checksum;
  if (session_->settings().checksum == s3_checksum::sha256) {
    checksum = transfer::to_base64(transfer::as_text(what.bytes->sha256()));
    one.headers.emplace_back("x-amz-checksum-sha256", checksum);
  }
  session_->send(std::move(by), std::move(one),
                 [session = session_, key = std::move(what.key), size, checksum, then = std::move(then)](
                     sdk::result r, const transfer::outcome& got) {
                   r.bytes_sent = r.what == sdk::action::delivered ? size : got.bytes_sent;
                   if (r.what != sdk::action::delivered) return then(std::move(r));
                   const auto kept = got.header("x-amz-checksum-sha256");
                   if (!kept.empty() && !checksum.empty() && kept != checksum) {
                     auto changed =
                         sdk::result::retry(category::network, "the store keeps the object under another checksum", got.status);
                     changed.message = "The object changed on its way.";
                     return then(std::move(changed));
                   }
                   r.external_reference = session->uri_of(key);
                   if (const auto version = clean_text(got.header("x-amz-version-id")); !version.empty() && version != "null")
                     r.external_reference += "?versionId=" + version;
                   then(std::move(r));
                 });
}

void s3_client::list(call_ptr by, std::string prefix, std::string from, std::int64_t, listed then) {
  s3_session::request one;
  one.method = "GET";
  if (!from.empty()) one.query = "continuation-token=" + transfer::uri_encode(from) + "&";
  one.query += "encoding-type=url&list-type=2&max-keys=" + std::string{page_keys} + "&prefix=" + transfer::uri_encode(prefix);
  one.doing = "listing the bucket";
  one.expects = s3_session::answer_size::large;
  session_->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    if (r.what != sdk::action::delivered) return then(std::move(r), {});
    auto page = read_objects(got.body);
    if (!page) return then(not_understood("listing the bucket", got.status), {});
    then(std::move(r), std::move(*page));
  });
}

void s3_client::find_owner(call_ptr by, stored_object what, owned then) {
  s3_session::request one;
  one.method = "HEAD";
  one.key = what.key;
  one.doing = "looking at an object";
  session_->send(std::move(by), std::move(one),
                 [what = std::move(what), then = std::move(then)](sdk::result r, const transfer::outcome& got) mutable {
                   const bool gone = got.how == transfer::ending::answered && got.status == 404;
                   if (r.what != sdk::action::delivered && !gone) return then(std::move(r), std::move(what));
                   what.owner = gone ? std::string{} : std::string{got.header("x-amz-meta-" + std::string{owner_mark})};
                   // Replaced since it was listed: not the old object any more.
                   if (!what.version.empty() && got.header("etag") != what.version) what.owner = "";
                   then(sdk::result::delivered(got.status), std::move(what));
                 });
}

// S3 itself knows no condition on deletion that all of its likes know; the owner was looked at a moment ago.
void s3_client::remove(call_ptr by, stored_object what, done then) {
  s3_session::request one;
  one.method = "DELETE";
  one.key = what.key;
  one.doing = "deleting an object";
  session_->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    if (got.how == transfer::ending::answered && got.status == 404) r = sdk::result::delivered(404);
    then(std::move(r));
  });
}

void s3_client::abandon_uploads(call_ptr by, std::int64_t before_ms, done then) {
  plugin_reactor().offload([session = session_, by = std::move(by), before_ms, then = std::move(then)] {
    auto left = std::make_shared<uploads>(session->environment().uploads->begun_before(before_ms));
    abandon_next(session, by, std::move(left), then);
  });
}

void s3_client::abandon_next(std::shared_ptr<s3_session> session, call_ptr by, std::shared_ptr<uploads> left, done then) {
  if (left->empty()) return then(sdk::result::delivered());
  const auto [name, upload] = std::move(left->back());
  left->pop_back();
  s3_upload::abort(session, by, upload.key, upload.id,
                   [session, by, left = std::move(left), name = name, then = std::move(then)](sdk::result r) {
                     if (r.what != sdk::action::delivered) return then(std::move(r));
                     plugin_reactor().offload([session, by, left, name, then] {
                       session->environment().uploads->remove(name);
                       abandon_next(session, by, left, then);
                     });
                   });
}

}  // namespace

std::shared_ptr<store_client> make_s3_client(const s3_settings& settings, client_environment with) {
  return std::make_shared<s3_client>(std::make_shared<s3_session>(settings, std::move(with)));
}

}  // namespace waybill::storage
