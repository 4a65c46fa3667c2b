// SPDX-License-Identifier: Apache-2.0
#include "gcs_upload.hpp"

#include <utility>

#include "gcs_answers.hpp"
#include "md5.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

constexpr std::chrono::seconds abort_limit{10};

[[nodiscard]] sdk::result odd(const char* what, std::int32_t status) {
  auto r = sdk::result::retry(category::remote, what, status);
  r.message = "The store's answer could not be understood.";
  return r;
}

[[nodiscard]] bool is_gone(const transfer::outcome& got) {
  return got.how == transfer::ending::answered && (got.status == 404 || got.status == 410);
}

}  // namespace

sdk::result judge_stored(const gcs_session& by, sdk::result r, const transfer::outcome& got, const new_object& what,
                         const std::string& md5) {
  const auto stored = read_gcs_object(got.body);
  if (!stored) {
    r.what = sdk::action::retry;
    r.why = category::remote;
    r.detail = "storing the object failed: the answer is not an object's resource";
    r.message = "The store's answer could not be understood.";
    return r;
  }
  const bool same = stored->object.size == what.bytes->size() && (md5.empty() || stored->md5.empty() || stored->md5 == md5);
  if (!same) {
    r.what = sdk::action::retry;
    r.why = category::network;
    r.detail = "storing the object failed: the store keeps it with another size or checksum";
    r.message = "The object changed on its way.";
    return r;
  }
  r.external_reference = by.uri_of(what.key);
  if (!stored->object.version.empty()) r.external_reference += "#" + stored->object.version;
  return r;
}

void gcs_upload::start(std::shared_ptr<gcs_session> to, call_ptr by, new_object what, store_client::done then) {
  std::make_shared<gcs_upload>(std::move(to), std::move(by), std::move(what), std::move(then))->look_for_an_open_one();
}

void gcs_upload::abort(const std::shared_ptr<gcs_session>& to, call_ptr by, const std::string& url, store_client::done then) {
  gcs_session::request one;
  one.method = "DELETE";
  one.url = url;
  one.by = gcs_session::authority::of_the_url;
  one.doing = "ending the upload";
  to->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    // 499, "client closed request", is how Google says that it is done.
    if (is_gone(got) || (got.how == transfer::ending::answered && got.status == 499)) r = sdk::result::delivered(got.status);
    then(std::move(r));
  });
}

gcs_upload::gcs_upload(std::shared_ptr<gcs_session> to, call_ptr by, new_object what, store_client::done then)
    : to_(std::move(to)), by_(std::move(by)), what_(std::move(what)), then_(std::move(then)) {}

void gcs_upload::look_for_an_open_one() {
  if (what_.resume_name.empty()) return hash();
  plugin_reactor().offload([self = shared_from_this()] {
    const auto open = self->to_->environment().uploads->find(self->what_.resume_name);
    const bool same = open && open->key == self->what_.key && open->sha256 == transfer::to_hex(self->what_.bytes->sha256());
    if (!same) {
      if (open) self->forget(*open);
      return self->hash();
    }
    self->url_ = open->id;
    self->noted_ = true;
    self->ask_how_far();
  });
}

// Under the same name another object was begun: a template has changed between two attempts.
void gcs_upload::forget(const open_upload& other) {
  auto own = std::make_shared<call>(call::clock::now() + abort_limit, abort_limit);
  abort(to_, std::move(own), other.id, [host = to_->environment().host](const sdk::result& r) {
    if (r.what != sdk::action::delivered) host->log(sdk::log_level::warning, "an upload could not be ended: " + r.detail);
  });
}

void gcs_upload::ask_how_far() {
  gcs_session::request one;
  one.method = "PUT";
  one.url = url_;
  one.by = gcs_session::authority::of_the_url;
  one.headers = {{"Content-Type", "application/octet-stream"},
                 {"Content-Range", "bytes */" + std::to_string(what_.bytes->size())}};
  one.doing = "asking how far the upload came";
  to_->send(by_, std::move(one), [self = shared_from_this()](sdk::result r, const transfer::outcome& got) {
    // Google keeps an upload for a week.
    if (is_gone(got)) {
      self->noted_ = false;
      return self->hash();
    }
    self->answered(std::move(r), got, 0);
  });
}

// The checksum goes with the first request, so a new upload reads its content twice; memory stays at one turn of the worker.
void gcs_upload::hash() {
  hash_md5(by_, what_.bytes, 0, what_.bytes->size(), [self = shared_from_this()](std::optional<std::string> md5) {
    if (!md5) {
      if (self->by_->canceled()) return self->finish(sdk::result::canceled());
      auto r = sdk::result::retry(category::system, "the content could not be read");
      r.message = "The content could not be read.";
      return self->finish(std::move(r));
    }
    self->md5_ = std::move(*md5);
    self->begin();
  });
}

void gcs_upload::begin() {
  gcs_session::request one;
  one.method = "POST";
  one.url = to_->upload_url("resumable");
  one.headers = {{"Content-Type", "application/json; charset=UTF-8"},
                 {"X-Upload-Content-Type", what_.content_type},
                 {"X-Upload-Content-Length", std::to_string(what_.bytes->size())}};
  one.body = to_->resource(what_, md5_);
  one.doing = "beginning the upload";
  to_->send(by_, std::move(one),
            [self = shared_from_this()](sdk::result r, const transfer::outcome& got) { self->begun(std::move(r), got); });
}

void gcs_upload::begun(sdk::result r, const transfer::outcome& got) {
  if (r.what != sdk::action::delivered) return finish(std::move(r));
  url_ = got.header("location");
  const bool secure = url_.rfind("https://", 0) == 0;
  // The content must not leave in clear because an answer says so.
  if (!secure && (to_->is_secure() || url_.rfind("http://", 0) != 0))
    return finish(odd("beginning the upload failed: the answer names no URL to send the object to", got.status));
  note();
}

void gcs_upload::note() {
  if (what_.resume_name.empty()) return send_rest(0);
  plugin_reactor().offload([self = shared_from_this()] {
    const auto& what = self->what_;
    self->noted_ = self->to_->environment().uploads->add(
        what.resume_name, {what.key, transfer::to_hex(what.bytes->sha256()), self->url_, sdk::now_ms()});
    self->send_rest(0);
  });
}

void gcs_upload::send_rest(std::uint64_t from) {
  const auto all = what_.bytes->size();
  gcs_session::request one;
  one.method = "PUT";
  one.url = url_;
  one.by = gcs_session::authority::of_the_url;
  const auto total = std::to_string(all);
  one.headers = {{"Content-Type", what_.content_type},
                 {"Content-Range",
                  all == 0 ? "bytes */0" : "bytes " + std::to_string(from) + "-" + std::to_string(all - 1) + "/" + total}};
  one.bytes = what_.bytes;
  one.offset = from;
  one.size = all - from;
  one.doing = "storing the object";
  to_->send(by_, std::move(one), [self = shared_from_this(), from](sdk::result r, const transfer::outcome& got) {
    self->sent_ += got.bytes_sent;
    self->answered(std::move(r), got, from);
  });
}

/// `from`: how much was known to be there before.
void gcs_upload::answered(sdk::result r, const transfer::outcome& got, std::uint64_t from) {
  if (r.what != sdk::action::delivered) return fail(std::move(r));
  if (got.status != 308) return finish(judge_stored(*to_, std::move(r), got, what_, md5_));
  const auto there = read_gcs_range(got.header("range"));
  const auto all = what_.bytes->size();
  if (!there || *there < from || *there > all || (*there == all && all > 0))
    return fail(odd("storing the object failed: the store does not say how much of it is there", got.status));
  // Asked only, or some of it was taken: it goes on. Taken nothing of what was sent: the next attempt tries again.
  if (sent_ > 0 && *there == from)
    return fail(odd("storing the object failed: the store has taken nothing of what was sent", got.status));
  send_rest(*there);
}

void gcs_upload::fail(sdk::result r) {
  // Canceled because its time was up is a failure like others: the next attempt goes on.
  const bool unwanted = r.what == sdk::action::reject || (r.what == sdk::action::canceled && !by_->late() && !by_->suspended());
  // Google has compared and refused: nothing can come of this upload any more.
  const bool spoilt = r.code == 400 || r.code == 412;
  if (noted_ && !unwanted && !spoilt) {
    noted_ = false;  // stays in the ledger
    return finish(std::move(r));
  }
  auto own = std::make_shared<call>(call::clock::now() + abort_limit, abort_limit);
  abort(to_, std::move(own), url_, [self = shared_from_this(), r = std::move(r)](const sdk::result& aborted) mutable {
    if (aborted.what != sdk::action::delivered)
      self->to_->environment().host->log(sdk::log_level::warning, "an upload could not be ended: " + aborted.detail);
    self->finish(std::move(r));
  });
}

void gcs_upload::finish(sdk::result r) {
  r.bytes_sent = sent_;
  if (!noted_) return then_(std::move(r));
  plugin_reactor().offload([self = shared_from_this(), r = std::move(r)]() mutable {
    self->to_->environment().uploads->remove(self->what_.resume_name);
    self->then_(std::move(r));
  });
}

}  // namespace waybill::storage
