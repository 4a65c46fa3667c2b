// SPDX-License-Identifier: Apache-2.0
#include "gcs_client.hpp"

#include <utility>
#include <vector>

#include <waybill/transfer/sigv4.hpp>

#include "gcs_answers.hpp"
#include "gcs_session.hpp"
#include "gcs_upload.hpp"
#include "md5.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

// Content in memory up to this much goes with its metadata in one request; all else is resumable.
constexpr std::uint64_t one_request_bytes = std::uint64_t{16} * 1'048'576;

[[nodiscard]] bool gone(const transfer::outcome& got) {
  return got.how == transfer::ending::answered && (got.status == 404 || got.status == 412);
}

class gcs_client final : public store_client {
public:
  explicit gcs_client(std::shared_ptr<gcs_session> session) : session_(std::move(session)) {}

  void put(call_ptr by, new_object what, done then) override;
  void list(call_ptr by, std::string prefix, std::string from, std::int64_t before_ms, listed then) override;
  void find_owner(call_ptr by, stored_object what, owned then) override;
  void remove(call_ptr by, stored_object what, done then) override;
  void abandon_uploads(call_ptr by, std::int64_t before_ms, done then) override;

private:
  using uploads = std::vector<std::pair<std::string, open_upload>>;
  static void abandon_next(const std::shared_ptr<gcs_session>& session, const call_ptr& by, std::shared_ptr<uploads> left,
                           done then);

  std::shared_ptr<gcs_session> session_;
};

void gcs_client::put(call_ptr by, new_object what, done then) {
  const auto bytes = what.bytes->in_memory();
  // Sent again sooner than noted and struck off.
  if (what.bytes->size() <= one_request_bytes) what.resume_name.clear();
  if (!bytes || bytes->size() > one_request_bytes)
    return gcs_upload::start(session_, std::move(by), std::move(what), std::move(then));
  const auto md5 = md5_base64(*bytes);
  // No content holds its own hash.
  const auto boundary = "waybill-" + transfer::to_hex(what.bytes->sha256());
  gcs_session::request one;
  one.method = "POST";
  one.url = session_->upload_url("multipart");
  one.headers = {{"Content-Type", "multipart/related; boundary=" + boundary}};
  one.body = "--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" + session_->resource(what, md5) +
             "\r\n--" + boundary + "\r\nContent-Type: " + what.content_type + "\r\n\r\n";
  one.body.append(*bytes).append("\r\n--").append(boundary).append("--\r\n");
  one.doing = "storing the object";
  session_->send(
      std::move(by), std::move(one),
      [session = session_, what = std::move(what), md5, then = std::move(then)](sdk::result r, const transfer::outcome& got) {
        r.bytes_sent = r.what == sdk::action::delivered ? what.bytes->size() : 0;
        if (r.what == sdk::action::delivered) r = judge_stored(*session, std::move(r), got, what, md5);
        then(std::move(r));
      });
}

void gcs_client::list(call_ptr by, std::string prefix, std::string from, std::int64_t, listed then) {
  gcs_session::request one;
  one.method = "GET";
  one.url = session_->bucket_url() + "&maxResults=250&fields=nextPageToken,items(name,size,updated,generation,metadata)";
  if (!prefix.empty()) one.url += "&prefix=" + transfer::uri_encode(prefix);
  if (!from.empty()) one.url += "&pageToken=" + transfer::uri_encode(from);
  one.doing = "listing the bucket";
  one.expects = gcs_session::answer_size::large;
  session_->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    if (r.what != sdk::action::delivered) return then(std::move(r), {});
    auto page = got.body_truncated ? std::nullopt : read_gcs_objects(got.body);
    if (page) return then(std::move(r), std::move(*page));
    auto odd =
        sdk::result::retry(category::remote, "listing the bucket failed: the answer is not what Google answers", got.status);
    odd.message = "The store's answer could not be understood.";
    then(std::move(odd), {});
  });
}

void gcs_client::find_owner(call_ptr by, stored_object what, owned then) {
  gcs_session::request one;
  one.method = "GET";
  one.url = session_->object_url(what.key);
  one.doing = "looking at an object";
  session_->send(std::move(by), std::move(one),
                 [what = std::move(what), then = std::move(then)](sdk::result r, const transfer::outcome& got) mutable {
                   if (r.what != sdk::action::delivered && !gone(got)) return then(std::move(r), std::move(what));
                   const auto found = gone(got) ? std::nullopt : read_gcs_object(got.body);
                   what.owner = found ? found->object.owner : std::string{};
                   // Replaced since it was listed: not the old object any more.
                   if (found && !what.version.empty() && found->object.version != what.version) what.owner = "";
                   then(sdk::result::delivered(got.status), std::move(what));
                 });
}

void gcs_client::remove(call_ptr by, stored_object what, done then) {
  gcs_session::request one;
  one.method = "DELETE";
  one.url = session_->object_url(what.key);
  if (!what.version.empty()) one.url += "&ifGenerationMatch=" + what.version;
  one.doing = "deleting an object";
  session_->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    if (gone(got)) r = sdk::result::delivered(got.status);
    then(std::move(r));
  });
}

void gcs_client::abandon_uploads(call_ptr by, std::int64_t before_ms, done then) {
  plugin_reactor().offload([session = session_, by = std::move(by), before_ms, then = std::move(then)] {
    abandon_next(session, by, std::make_shared<uploads>(session->environment().uploads->begun_before(before_ms)), then);
  });
}

void gcs_client::abandon_next(const std::shared_ptr<gcs_session>& session, const call_ptr& by, std::shared_ptr<uploads> left,
                              done then) {
  if (left->empty()) return then(sdk::result::delivered());
  const auto [name, upload] = std::move(left->back());
  left->pop_back();
  gcs_upload::abort(session, by, upload.id,
                    [session, by, left = std::move(left), name = name, then = std::move(then)](sdk::result r) {
                      if (r.what != sdk::action::delivered) return then(std::move(r));
                      plugin_reactor().offload([session, by, left, name, then] {
                        session->environment().uploads->remove(name);
                        abandon_next(session, by, left, then);
                      });
                    });
}

}  // namespace

std::shared_ptr<store_client> make_gcs_client(const gcs_settings& settings, client_environment with) {
  return std::make_shared<gcs_client>(std::make_shared<gcs_session>(settings, std::move(with)));
}

}  // namespace waybill::storage
