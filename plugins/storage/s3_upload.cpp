// SPDX-License-Identifier: Apache-2.0
#include "s3_upload.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <waybill/transfer/json_text.hpp>

#include "times.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

// Parts under way at once: hides the time one takes to be answered without taking the line from others.
constexpr std::uint32_t most_lanes = 3;
// One turn on the worker: a few milliseconds, then others.
constexpr std::size_t hash_turn_bytes = 1'048'576;
constexpr std::chrono::seconds abort_limit{10};

[[nodiscard]] std::string base64_of(const transfer::sha256_bytes& digest) {
  return transfer::to_base64(transfer::as_text(digest));
}

/// Header values are ASCII; S3 gives others back as RFC 2047 words and takes them so.
[[nodiscard]] std::string header_word(const std::string& value) {
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return plain ? value : "=?UTF-8?B?" + transfer::to_base64(value) + "?=";
}

[[nodiscard]] std::string tagging(const name_values& tags) {
  std::string out;
  for (const auto& [name, value] : tags) {
    if (!out.empty()) out += '&';
    out.append(transfer::uri_encode(name)).append("=").append(transfer::uri_encode(value));
  }
  return out;
}

[[nodiscard]] const char* encryption_name(s3_encryption kind) {
  switch (kind) {
    case s3_encryption::aes256:
      return "AES256";
    case s3_encryption::kms:
      return "aws:kms";
    case s3_encryption::kms_dsse:
      return "aws:kms:dsse";
    case s3_encryption::none:
      break;
  }
  return "";
}

[[nodiscard]] std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::uint64_t part_size_for(std::uint64_t object_bytes, std::uint64_t wanted) {
  return std::max(wanted, (object_bytes + most_parts - 1) / most_parts);
}

name_values object_headers(const s3_settings& settings, const new_object& what) {
  name_values out{{"Content-Type", what.content_type}};
  for (const auto& [name, value] : what.metadata) out.emplace_back("x-amz-meta-" + name, header_word(value));
  if (!what.tags.empty()) out.emplace_back("x-amz-tagging", tagging(what.tags));
  if (settings.encryption != s3_encryption::none)
    out.emplace_back("x-amz-server-side-encryption", encryption_name(settings.encryption));
  if (!settings.kms_key_id.empty()) out.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", settings.kms_key_id);
  if (settings.bucket_key) out.emplace_back("x-amz-server-side-encryption-bucket-key-enabled", "true");
  if (!settings.storage_class.empty()) out.emplace_back("x-amz-storage-class", settings.storage_class);
  if (!settings.acl.empty()) out.emplace_back("x-amz-acl", settings.acl);
  return out;
}

void s3_upload::start(std::shared_ptr<s3_session> to, call_ptr by, new_object what, store_client::done then) {
  std::make_shared<s3_upload>(std::move(to), std::move(by), std::move(what), std::move(then))->look_for_an_open_one();
}

void s3_upload::abort(const std::shared_ptr<s3_session>& to, call_ptr by, const std::string& key, const std::string& upload_id,
                      store_client::done then) {
  s3_session::request one;
  one.method = "DELETE";
  one.key = key;
  one.query = "uploadId=" + transfer::uri_encode(upload_id);
  one.doing = "ending the upload";
  to->send(std::move(by), std::move(one), [then = std::move(then)](sdk::result r, const transfer::outcome& got) {
    if (got.how == transfer::ending::answered && got.status == 404) r = sdk::result::delivered(404);
    then(std::move(r));
  });
}

s3_upload::s3_upload(std::shared_ptr<s3_session> to, call_ptr by, new_object what, store_client::done then)
    : to_(std::move(to)),
      by_(std::move(by)),
      what_(std::move(what)),
      part_bytes_(part_size_for(what_.bytes->size(), to_->settings().part_bytes)),
      then_(std::move(then)),
      parts_(static_cast<std::size_t>((what_.bytes->size() + part_bytes_ - 1) / part_bytes_)),
      failure_(sdk::result::delivered()) {}

std::uint64_t s3_upload::size_of(std::uint32_t index) const {
  return std::min(part_bytes_, what_.bytes->size() - offset_of(index));
}

std::string s3_upload::query(std::string_view more) const {
  return std::string{more} + "uploadId=" + transfer::uri_encode(upload_id_);
}

void s3_upload::look_for_an_open_one() {
  if (what_.resume_name.empty()) return create();
  plugin_reactor().offload([self = shared_from_this()] {
    const auto open = self->to_->environment().uploads->find(self->what_.resume_name);
    const bool same = open && open->key == self->what_.key && open->sha256 == transfer::to_hex(self->what_.bytes->sha256());
    if (!same) {
      if (open) self->forget(*open);
      return self->create();
    }
    self->upload_id_ = open->id;
    self->noted_ = self->taken_over_ = true;
    self->ask_for_parts({});
  });
}

// Under the same name another object was begun: a template has changed between two attempts.
void s3_upload::forget(const open_upload& other) {
  auto own = std::make_shared<call>(call::clock::now() + abort_limit, abort_limit);
  abort(to_, std::move(own), other.key, other.id, [host = to_->environment().host](const sdk::result& r) {
    if (r.what != sdk::action::delivered) host->log(sdk::log_level::warning, "an upload could not be ended: " + r.detail);
  });
}

void s3_upload::ask_for_parts(const std::string& after) {
  s3_session::request one;
  one.method = "GET";
  one.key = what_.key;
  one.query = query(after.empty() ? std::string{} : "part-number-marker=" + transfer::uri_encode(after) + "&");
  one.doing = "looking for parts of the upload";
  one.expects = s3_session::answer_size::large;
  to_->send(by_, std::move(one), [self = shared_from_this()](sdk::result r, const transfer::outcome& got) {
    if (r.what == sdk::action::delivered) {
      const auto page = read_parts(got.body);
      if (!page) return self->create();  // not understood: begin anew
      self->take_over(*page);
      return page->next.empty() ? self->run_lanes() : self->ask_for_parts(page->next);
    }
    if (got.how == transfer::ending::answered && got.status == 404) return self->create();
    self->fail(std::move(r));
  });
}

// A part of another size is of an attempt with another part size: it is sent again, and replaced.
void s3_upload::take_over(const part_listing& page) {
  const std::lock_guard lock{mutex_};
  for (const auto& one : page.parts) {
    if (one.number > parts_.size() || one.size != size_of(one.number - 1)) continue;
    parts_[one.number - 1] = {one.etag, one.checksum, true};
  }
}

void s3_upload::create() {
  taken_over_ = noted_ = false;
  s3_session::request one;
  one.method = "POST";
  one.key = what_.key;
  one.query = "uploads=";
  one.headers = object_headers(to_->settings(), what_);
  if (to_->settings().checksum == s3_checksum::sha256) one.headers.emplace_back("x-amz-checksum-algorithm", "SHA256");
  one.doing = "beginning the upload";
  to_->send(by_, std::move(one), [self = shared_from_this()](sdk::result r, const transfer::outcome& got) {
    if (r.what != sdk::action::delivered) return self->finish(std::move(r));
    self->upload_id_ = read_upload_id(got.body);
    if (self->upload_id_.empty()) {
      auto none =
          sdk::result::retry(category::remote, "beginning the upload failed: the answer holds no upload id", got.status);
      none.message = "The store could not take the object.";
      return self->finish(std::move(none));
    }
    self->note();
  });
}

void s3_upload::note() {
  if (what_.resume_name.empty()) return run_lanes();
  plugin_reactor().offload([self = shared_from_this()] {
    const auto& what = self->what_;
    self->noted_ = self->to_->environment().uploads->add(
        what.resume_name, {what.key, transfer::to_hex(what.bytes->sha256()), self->upload_id_, sdk::now_ms()});
    self->run_lanes();
  });
}

void s3_upload::run_lanes() {
  std::uint32_t lanes = 0;
  {
    const std::lock_guard lock{mutex_};
    lanes = lanes_ = std::min(most_lanes, static_cast<std::uint32_t>(parts_.size()));
  }
  for (; lanes > 0; --lanes) next_part();
}

void s3_upload::next_part() {
  std::unique_lock lock{mutex_};
  const auto next = std::find_if(parts_.begin(), parts_.end(), [](const part& p) { return !p.taken; });
  if (next == parts_.end() || failure_.what != sdk::action::delivered) {
    lock.unlock();
    return lane_ends(sdk::result::delivered());
  }
  next->taken = true;
  const auto index = static_cast<std::uint32_t>(next - parts_.begin());
  lock.unlock();
  plugin_reactor().offload(
      [self = shared_from_this(), index] { self->hash_part(index, std::make_shared<transfer::sha256_hasher>(), 0); });
}

// The signature needs the hash of a part before its first byte leaves, so a part is read twice; memory stays at one turn.
void s3_upload::hash_part(std::uint32_t index, std::shared_ptr<transfer::sha256_hasher> hasher, std::uint64_t done) {
  if (by_->canceled()) return lane_ends(sdk::result::canceled());
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(hash_turn_bytes, size_of(index) - done));
  if (size == 0) return send_part(index, hasher->finish());
  std::string piece(size, '\0');
  if (!what_.bytes->read(offset_of(index) + done, piece.data(), size)) {
    auto r = sdk::result::retry(category::system, "the content could not be read");
    r.message = "The content could not be read.";
    return lane_ends(std::move(r));
  }
  hasher->add(piece);
  plugin_reactor().offload([self = shared_from_this(), index, hasher = std::move(hasher), now = done + size]() mutable {
    self->hash_part(index, std::move(hasher), now);
  });
}

void s3_upload::send_part(std::uint32_t index, const transfer::sha256_bytes& hash) {
  s3_session::request one;
  one.method = "PUT";
  one.key = what_.key;
  one.query = query("partNumber=" + std::to_string(index + 1) + "&");
  one.headers.emplace_back("Content-Type", "application/octet-stream");
  std::string checksum;
  if (to_->settings().checksum == s3_checksum::sha256) {
    checksum = base64_of(hash);
    one.headers.emplace_back("x-amz-checksum-sha256", checksum);
  }
  one.bytes = what_.bytes;
  one.offset = offset_of(index);
  one.size = size_of(index);
  one.payload_hash = transfer::to_hex(hash);
  one.doing = "storing a part of the object";
  to_->send(by_, std::move(one),
            [self = shared_from_this(), index, checksum = std::move(checksum)](sdk::result r, const transfer::outcome& got) {
              self->part_sent(index, checksum, std::move(r), got);
            });
}

void s3_upload::part_sent(std::uint32_t index, const std::string& checksum, sdk::result r, const transfer::outcome& got) {
  const std::string etag{got.header("etag")};
  if (r.what == sdk::action::delivered && etag.empty())
    r = sdk::result::retry(category::remote, "storing a part of the object failed: the answer has no ETag", got.status);
  if (r.what != sdk::action::delivered) return lane_ends(std::move(r));
  {
    const std::lock_guard lock{mutex_};
    parts_[index].etag = etag;
    // Told back only by a service that keeps checksums; others would stumble over one they are sent.
    if (!got.header("x-amz-checksum-sha256").empty()) parts_[index].checksum = checksum;
    sent_ += size_of(index);
  }
  next_part();
}

void s3_upload::lane_ends(sdk::result r) {
  sdk::result failure;
  {
    const std::lock_guard lock{mutex_};
    if (failure_.what == sdk::action::delivered && r.what != sdk::action::delivered) failure_ = std::move(r);
    if (--lanes_ > 0) return;
    failure = failure_;
  }
  if (failure.what == sdk::action::delivered) return complete();
  fail(std::move(failure));
}

void s3_upload::complete() {
  s3_session::request one;
  one.method = "POST";
  one.key = what_.key;
  one.query = query();
  one.headers.emplace_back("Content-Type", "application/xml");
  one.body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      one.body.append("<Part><PartNumber>").append(std::to_string(i + 1)).append("</PartNumber><ETag>");
      one.body.append(xml_text(parts_[i].etag)).append("</ETag>");
      if (!parts_[i].checksum.empty())
        one.body.append("<ChecksumSHA256>").append(xml_text(parts_[i].checksum)).append("</ChecksumSHA256>");
      one.body.append("</Part>");
    }
  }
  one.body += "</CompleteMultipartUpload>";
  one.doing = "completing the upload";
  to_->send(by_, std::move(one),
            [self = shared_from_this()](sdk::result r, const transfer::outcome& got) { self->completed(std::move(r), got); });
}

void s3_upload::completed(sdk::result r, const transfer::outcome& got) {
  if (r.what != sdk::action::delivered) {
    const auto code = read_s3_error(got.body).code;
    // The parts that were found do not fit together, or are gone: nothing can come of this upload any more.
    if (code == "NoSuchUpload" || code == "InvalidPart" || code == "InvalidPartOrder" || code == "EntityTooSmall")
      noted_ = false;
    return fail(std::move(r));
  }
  r.external_reference = to_->uri_of(what_.key);
  if (const auto version = clean_text(got.header("x-amz-version-id")); !version.empty() && version != "null")
    r.external_reference += "?versionId=" + version;
  finish(std::move(r));
}

void s3_upload::fail(sdk::result r) {
  // Canceled because its time was up is a failure like others: the next attempt goes on.
  const bool unwanted = r.what == sdk::action::reject || (r.what == sdk::action::canceled && !by_->late() && !by_->suspended());
  if (noted_ && !unwanted) {
    noted_ = false;  // stays in the ledger
    return then_(std::move(r));
  }
  noted_ = !what_.resume_name.empty();
  auto own = std::make_shared<call>(call::clock::now() + abort_limit, abort_limit);
  abort(to_, std::move(own), what_.key, upload_id_, [self = shared_from_this(), r = std::move(r)](sdk::result aborted) mutable {
    if (aborted.what != sdk::action::delivered)
      self->to_->environment().host->log(sdk::log_level::warning, "an upload could not be ended: " + aborted.detail);
    self->finish(std::move(r));
  });
}

void s3_upload::finish(sdk::result r) {
  {
    const std::lock_guard lock{mutex_};
    r.bytes_sent = sent_;
  }
  if (!noted_) return then_(std::move(r));
  plugin_reactor().offload([self = shared_from_this(), r = std::move(r)]() mutable {
    self->to_->environment().uploads->remove(self->what_.resume_name);
    self->then_(std::move(r));
  });
}

}  // namespace waybill::storage
