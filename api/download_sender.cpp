// SPDX-License-Identifier: Apache-2.0
#include "api/download_sender.hpp"

#include <algorithm>
#include <utility>

#include "core/model/payload.hpp"
#include "core/security/digest.hpp"

namespace waybill::api {

namespace {

/// What is written at a time: a client must take this much within RESTinio's time limit for a write.
constexpr std::size_t write_bytes = 131'072;

std::string make_boundary() {
  const auto bytes = core::random_bytes(15);
  return "waybill-" + core::to_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

download_sender::download_sender(std::shared_ptr<exchange> x, core::open_download_ptr what, std::uint64_t access)
    : exchange_(std::move(x)), what_(std::move(what)), access_(access) {}

download_sender::~download_sender() { exchange_->service().end_download(what_, access_, sent_); }

void download_sender::send(http_response head, const std::vector<byte_range>& parts) {
  frame(head, parts);
  for (const auto& s : segments_) length_ += s.text.size() + s.left;
  head_ = std::move(head);
  go_on();
}

void download_sender::frame(http_response& head, const std::vector<byte_range>& parts) {
  const auto& content = *what_->content;
  if (parts.size() == 1) {
    head.add_header("Content-Type", content.content_type);
    segments_.push_back({{}, parts.front().first, parts.front().size()});
    return;
  }
  const auto boundary = make_boundary();
  head.add_header("Content-Type", "multipart/byteranges; boundary=" + boundary);
  http_response fields;
  for (const auto& part : parts) {
    fields.headers.clear();
    fields.add_header("Content-Type", content.content_type);
    fields.add_header("Content-Range", content_range(part, content.content_size()));
    segments_.push_back({"\r\n--" + boundary + "\r\n" + fields.headers + "\r\n", 0, 0});
    segments_.push_back({{}, part.first, part.size()});
  }
  segments_.push_back({"\r\n--" + boundary + "--\r\n", 0, 0});
}

void download_sender::go_on() {
  if (at_ >= segments_.size()) return;
  if (!segments_[at_].text.empty()) return write_text();
  const auto from = segments_[at_].from;
  if (piece_ && from >= piece_from_ && from - piece_from_ < piece_->size()) return write_piece();
  fetch();
}

void download_sender::write_text() {
  auto text = std::make_shared<const std::string>(std::move(segments_[at_].text));
  ++at_;
  const auto size = text->size();
  write(std::move(text), 0, size, 0, at_ == segments_.size());
}

void download_sender::fetch() {
  const auto& content = what_->content;
  const auto offset = segments_[at_].from;
  if (content->in_memory()) return fetched(std::shared_ptr<const std::string>(content, &content->content), 0);
  const auto starts_at = offset - offset % core::payload_chunk_bytes;
  exchange_->service().read_download(
      what_, offset,
      exchange_->on_late_reply<std::shared_ptr<const std::string>>(
          [self = shared_from_this(), starts_at](core::result<std::shared_ptr<const std::string>> piece) {
            self->fetched(std::move(piece), starts_at);
          }));
}

void download_sender::fetched(core::result<std::shared_ptr<const std::string>> piece, std::uint64_t starts_at) {
  if (!stream_ && exchange_->answered()) return;  // it took too long
  // Once the head is out an error can only end the connection, which dropping the stream does.
  if (!piece) return stream_ ? void() : exchange_->answer(piece.error());
  if (segments_[at_].from - starts_at >= (*piece)->size()) {  // the content is shorter than was said: erased meanwhile
    core::error gone{core::error_code::internal_error, "content of a download is shorter than it should be", {}, std::nullopt};
    return stream_ ? void() : exchange_->answer(gone);
  }
  piece_ = std::move(*piece);
  piece_from_ = starts_at;
  write_piece();
}

void download_sender::write_piece() {
  auto& now = segments_[at_];
  const auto offset = static_cast<std::size_t>(now.from - piece_from_);
  const auto there = std::min<std::uint64_t>(piece_->size() - offset, now.left);
  const auto size = std::min(write_bytes, static_cast<std::size_t>(there));
  now.from += size;
  now.left -= size;
  if (now.left == 0) ++at_;
  write(piece_, offset, size, size, at_ == segments_.size());
}

void download_sender::write(std::shared_ptr<const std::string> bytes, std::size_t from, std::size_t size,
                            std::size_t of_content, bool last) {
  if (!stream_) stream_ = exchange_->begin_answer(std::move(head_), length_);
  auto* stream = stream_.get();
  stream->write(std::move(bytes), from, size, last, [self = shared_from_this(), of_content, last](bool good) {
    if (!good) return;
    self->sent_ += of_content;
    if (!last) self->go_on();
  });
}

}  // namespace waybill::api
