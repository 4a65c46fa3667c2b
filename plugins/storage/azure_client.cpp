// SPDX-License-Identifier: Apache-2.0
#include "azure_client.hpp"

#include <optional>
#include <utility>

#include <waybill/transfer/sigv4.hpp>

#include "azure_answers.hpp"
#include "azure_session.hpp"
#include "azure_upload.hpp"
#include "md5.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

// A blob has a name of up to 1,024 characters and 8 KiB of metadata: a page is below azure_session's large answers.
constexpr const char* page_blobs = "250";

[[nodiscard]] bool gone(const sdk::result& r, const transfer::outcome& got) {
  if (r.what == sdk::action::delivered || got.how != transfer::ending::answered) return false;
  const auto code = got.header("x-ms-error-code");
  // 412 is also the answer to a lease.
  return got.status == 404 ? code != "ContainerNotFound" : got.status == 412 && code == "ConditionNotMet";
}

class azure_client final : public store_client {
public:
  explicit azure_client(std::shared_ptr<azure_session> session) : session_(std::move(session)) {}

  void put(call_ptr by, new_object what, done then) override;
  void list(call_ptr by, std::string prefix, std::string from, std::int64_t before_ms, listed then) override;
  void find_owner(call_ptr by, stored_object what, owned then) override;
  void remove(call_ptr by, stored_object what, done then) override;
  /// Nothing to do: see azure_upload.
  void abandon_uploads(call_ptr, std::int64_t, done then) override { then(sdk::result::delivered()); }

private:
  static void put_whole(const std::shared_ptr<azure_session>& to, call_ptr by, new_object what, std::string md5, done then);

  std::shared_ptr<azure_session> session_;
};

void azure_client::put(call_ptr by, new_object what, done then) {
  if (what.bytes->size() > azure_single_put_bytes)
    return azure_upload::start(session_, std::move(by), std::move(what), std::move(then));
  const auto bytes = what.bytes;
  hash_md5(by, bytes, 0, bytes->size(),
           [to = session_, by, what = std::move(what), then = std::move(then)](std::optional<std::string> md5) {
             if (md5) return put_whole(to, by, what, std::move(*md5), then);
             if (by->canceled()) return then(sdk::result::canceled());
             auto r = sdk::result::retry(category::system, "the content could not be read");
             r.message = "The content could not be read.";
             then(std::move(r));
           });
}

void azure_client::put_whole(const std::shared_ptr<azure_session>& to, call_ptr by, new_object what, std::string md5,
                             done then) {
  azure_session::request one;
  one.method = "PUT";
  one.key = what.key;
  one.headers = blob_headers(to->settings(), what);
  one.headers.emplace_back("x-ms-blob-type", "BlockBlob");
  one.headers.emplace_back("Content-Type", what.content_type);
  one.headers.emplace_back("Content-MD5", std::move(md5));
  one.bytes = what.bytes;
  one.size = what.bytes->size();
  one.doing = "storing the object";
  to->send(std::move(by), std::move(one),
           [to, key = std::move(what.key), size = what.bytes->size(), then = std::move(then)](sdk::result r,
                                                                                              const transfer::outcome& got) {
             r.bytes_sent = r.what == sdk::action::delivered ? size : got.bytes_sent;
             if (r.what != sdk::action::delivered) return then(std::move(r));
             r.external_reference = to->url_of(key);
             const auto version = clean_text(got.header("x-ms-version-id"));
             if (!version.empty()) r.external_reference += "?versionid=" + transfer::uri_encode(version);
             then(std::move(r));
           });
}

void azure_client::list(call_ptr by, std::string prefix, std::string from, std::int64_t, listed then) {
  azure_session::request one;
  one.method = "GET";
  one.query = {{"comp", "list"}, {"include", "metadata"}};
  if (!from.empty()) one.query.emplace_back("marker", std::move(from));
  one.query.emplace_back("maxresults", page_blobs);
  if (!prefix.empty()) one.query.emplace_back("prefix", std::move(prefix));
  one.query.emplace_back("restype", "container");
  one.doing = "listing the container";
  one.expects = azure_session::answer_size::large;
  session_->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    if (r.what != sdk::action::delivered) return then(std::move(r), {});
    auto page = got.body_truncated ? std::nullopt : read_blobs(got.body, azure_metadata_name(owner_mark));
    if (page) return then(std::move(r), std::move(*page));
    auto odd =
        sdk::result::retry(category::remote, "listing the container failed: the answer is not what Azure answers", got.status);
    odd.message = "The store's answer could not be understood.";
    then(std::move(odd), {});
  });
}

void azure_client::find_owner(call_ptr by, stored_object what, owned then) {
  azure_session::request one;
  one.method = "HEAD";
  one.key = what.key;
  one.doing = "looking at an object";
  session_->send(std::move(by), std::move(one),
                 [what = std::move(what), then = std::move(then)](sdk::result r, const transfer::outcome& got) mutable {
                   const bool is_gone = gone(r, got);
                   if (r.what != sdk::action::delivered && !is_gone) return then(std::move(r), std::move(what));
                   what.owner =
                       is_gone ? std::string{} : std::string{got.header("x-ms-meta-" + azure_metadata_name(owner_mark))};
                   // Replaced since it was listed: not the old object any more.
                   if (!what.version.empty() && got.header("etag") != what.version) what.owner = "";
                   then(sdk::result::delivered(got.status), std::move(what));
                 });
}

void azure_client::remove(call_ptr by, stored_object what, done then) {
  azure_session::request one;
  one.method = "DELETE";
  one.key = what.key;
  if (!what.version.empty()) one.headers.emplace_back("If-Match", what.version);
  one.doing = "deleting an object";
  session_->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    if (gone(r, got)) r = sdk::result::delivered(got.status);
    then(std::move(r));
  });
}

}  // namespace

std::shared_ptr<store_client> make_azure_client(const azure_settings& settings, client_environment with) {
  return std::make_shared<azure_client>(std::make_shared<azure_session>(settings, std::move(with)));
}

}  // namespace waybill::storage
