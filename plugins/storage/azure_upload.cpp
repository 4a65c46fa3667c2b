// SPDX-License-Identifier: Apache-2.0
#include "azure_upload.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <waybill/transfer/json_text.hpp>
#include <waybill/transfer/sigv4.hpp>

#include "azure_answers.hpp"
#include "md5.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

// Blocks under way at once: hides the time one takes to be answered without taking the line from others.
constexpr std::uint32_t most_lanes = 3;

/// Header values are ASCII; others go as RFC 2047 words, as S3 has it.
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

}  // namespace

std::uint64_t block_size_for(std::uint64_t object_bytes, std::uint64_t wanted) {
  return std::max(wanted, (object_bytes + azure_most_blocks - 1) / azure_most_blocks);
}

std::string block_id(const transfer::sha256_bytes& content, std::uint64_t block_bytes, std::uint32_t index) {
  constexpr std::size_t name_bytes = 24;  // Azure takes up to 64, all of one length
  const auto name = transfer::sha256(std::string{transfer::as_text(content)} + "/" + std::to_string(block_bytes));
  std::string id{transfer::as_text(name).substr(0, name_bytes)};
  for (int shift = 16; shift >= 0; shift -= 8) id += static_cast<char>(index >> shift & 0xffu);
  return transfer::to_base64(id);  // 27 bytes: no padding
}

name_values blob_headers(const azure_settings& settings, const new_object& what) {
  name_values out;
  for (const auto& [name, value] : what.metadata)
    out.emplace_back("x-ms-meta-" + azure_metadata_name(name), header_word(value));
  if (!what.tags.empty()) out.emplace_back("x-ms-tags", tagging(what.tags));
  if (!settings.access_tier.empty()) out.emplace_back("x-ms-access-tier", settings.access_tier);
  if (!settings.encryption_scope.empty()) out.emplace_back("x-ms-encryption-scope", settings.encryption_scope);
  return out;
}

void azure_upload::start(std::shared_ptr<azure_session> to, call_ptr by, new_object what, store_client::done then) {
  auto upload = std::make_shared<azure_upload>(std::move(to), std::move(by), std::move(what), std::move(then));
  upload->look_for_blocks();
}

azure_upload::azure_upload(std::shared_ptr<azure_session> to, call_ptr by, new_object what, store_client::done then)
    : to_(std::move(to)),
      by_(std::move(by)),
      what_(std::move(what)),
      block_bytes_(block_size_for(what_.bytes->size(), to_->settings().block_bytes)),
      then_(std::move(then)),
      taken_(static_cast<std::size_t>((what_.bytes->size() + block_bytes_ - 1) / block_bytes_)),
      failure_(sdk::result::delivered()) {}

std::uint64_t azure_upload::size_of(std::uint32_t index) const {
  return std::min(block_bytes_, what_.bytes->size() - offset_of(index));
}

// Who may write may not always list blocks (a signature for writing only): then all of them are sent.
void azure_upload::look_for_blocks() {
  if (what_.resume_name.empty()) return run_lanes();
  azure_session::request one;
  one.method = "GET";
  one.key = what_.key;
  one.query = {{"blocklisttype", "uncommitted"}, {"comp", "blocklist"}};
  one.doing = "looking for blocks of the upload";
  one.expects = azure_session::answer_size::large;
  to_->send(by_, std::move(one), [self = shared_from_this()](sdk::result r, const transfer::outcome& got) {
    const bool refused = got.how == transfer::ending::answered && (got.status == 404 || got.status == 403);
    if (r.what != sdk::action::delivered && !refused) return self->finish(std::move(r), {});
    if (const auto found = refused ? std::nullopt : read_uncommitted_blocks(got.body)) {
      std::unordered_map<std::string, std::uint64_t> there;
      for (const auto& block : *found) there.emplace(block.id, block.size);
      const std::lock_guard lock{self->mutex_};
      for (std::uint32_t i = 0; i < self->taken_.size() && !there.empty(); ++i) {
        const auto known = there.find(self->id_of(i));
        self->taken_[i] = known != there.end() && known->second == self->size_of(i);
      }
    }
    self->run_lanes();
  });
}

void azure_upload::run_lanes() {
  std::uint32_t lanes = 0;
  {
    const std::lock_guard lock{mutex_};
    lanes = lanes_ = std::min(most_lanes, static_cast<std::uint32_t>(taken_.size()));
  }
  for (; lanes > 0; --lanes) next_block();
}

// Azure compares a block with its MD5 before it keeps it, and wants that first: so a block is read twice, and memory stays at
// one turn of the worker.
void azure_upload::next_block() {
  std::unique_lock lock{mutex_};
  const auto next = std::find(taken_.begin(), taken_.end(), false);
  if (next == taken_.end() || failure_.what != sdk::action::delivered) {
    lock.unlock();
    return lane_ends(sdk::result::delivered());
  }
  *next = true;
  const auto index = static_cast<std::uint32_t>(next - taken_.begin());
  lock.unlock();
  hash_md5(by_, what_.bytes, offset_of(index), size_of(index),
           [self = shared_from_this(), index](std::optional<std::string> md5) { self->send_block(index, std::move(md5)); });
}

void azure_upload::send_block(std::uint32_t index, std::optional<std::string> md5) {
  if (!md5) {
    if (by_->canceled()) return lane_ends(sdk::result::canceled());
    auto r = sdk::result::retry(category::system, "the content could not be read");
    r.message = "The content could not be read.";
    return lane_ends(std::move(r));
  }
  azure_session::request one;
  one.method = "PUT";
  one.key = what_.key;
  one.query = {{"blockid", id_of(index)}, {"comp", "block"}};
  one.headers = {{"Content-Type", "application/octet-stream"}, {"Content-MD5", *md5}};
  const auto& scope = to_->settings().encryption_scope;
  if (!scope.empty()) one.headers.emplace_back("x-ms-encryption-scope", scope);
  one.bytes = what_.bytes;
  one.offset = offset_of(index);
  one.size = size_of(index);
  one.doing = "storing a block of the object";
  to_->send(by_, std::move(one), [self = shared_from_this(), index](sdk::result r, const transfer::outcome&) {
    if (r.what != sdk::action::delivered) return self->lane_ends(std::move(r));
    {
      const std::lock_guard lock{self->mutex_};
      self->sent_ += self->size_of(index);
    }
    self->next_block();
  });
}

void azure_upload::lane_ends(sdk::result r) {
  sdk::result failure;
  {
    const std::lock_guard lock{mutex_};
    if (failure_.what == sdk::action::delivered && r.what != sdk::action::delivered) failure_ = std::move(r);
    if (--lanes_ > 0) return;
    failure = failure_;
  }
  if (failure.what == sdk::action::delivered) return commit();
  finish(std::move(failure), {});
}

void azure_upload::commit() {
  azure_session::request one;
  one.method = "PUT";
  one.key = what_.key;
  one.query = {{"comp", "blocklist"}};
  one.headers = blob_headers(to_->settings(), what_);
  one.headers.emplace_back("x-ms-blob-content-type", what_.content_type);
  one.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  for (std::uint32_t i = 0; i < taken_.size(); ++i) one.body.append("<Uncommitted>").append(id_of(i)).append("</Uncommitted>");
  one.body += "</BlockList>";
  one.headers.emplace_back("Content-Type", "application/xml");
  one.headers.emplace_back("Content-MD5", md5_base64(one.body));
  one.doing = "committing the blocks of the object";
  to_->send(by_, std::move(one), [self = shared_from_this()](sdk::result r, const transfer::outcome& got) {
    self->finish(std::move(r), clean_text(got.header("x-ms-version-id")));
  });
}

void azure_upload::finish(sdk::result r, const std::string& version) {
  {
    const std::lock_guard lock{mutex_};
    r.bytes_sent = sent_;
  }
  if (r.what == sdk::action::delivered) {
    r.external_reference = to_->url_of(what_.key);
    if (!version.empty()) r.external_reference += "?versionid=" + transfer::uri_encode(version);
  }
  then_(std::move(r));
}

}  // namespace waybill::storage
