// SPDX-License-Identifier: Apache-2.0
#include "body_streams.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include <waybill/transfer/json_text.hpp>

namespace waybill::webhook {
namespace {

constexpr std::size_t encode_bytes = std::size_t{48} * 1'024;  // a multiple of 3: only the last piece is padded
constexpr std::size_t inflow_bytes = std::size_t{64} * 1'024;
constexpr int gzip_window = 15 + 16;  // 32 KiB, gzip framing
constexpr int gzip_memory = 8;

[[nodiscard]] Bytef* zlib_bytes(const char* bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes)); }

}  // namespace

content_stream::content_stream(sdk::retained_delivery what, envelope_frame frame, std::shared_ptr<void> presence)
    : presence_(std::move(presence)),
      what_(std::move(what)),
      frame_(std::move(frame)),
      size_(frame_.prefix.size() + (frame_.base64 ? (what_.size() + 2) / 3 * 4 : what_.size()) + frame_.suffix.size()) {}

bool content_stream::rewind() {
  stage_ = stage::prefix;
  taken_ = 0;
  offset_ = 0;
  encoded_.clear();
  return true;
}

std::optional<std::size_t> content_stream::read(char* buffer, std::size_t room) {
  if (stage_ == stage::prefix) {
    if (const auto got = take(frame_.prefix, buffer, room); got > 0) return got;
    stage_ = stage::content;
    taken_ = 0;
  }
  if (stage_ == stage::content) {
    const auto got = frame_.base64 ? read_encoded(buffer, room) : read_content(buffer, room);
    if (!got || *got > 0) return got;
    stage_ = stage::suffix;
    taken_ = 0;
  }
  return take(frame_.suffix, buffer, room);
}

std::size_t content_stream::take(std::string_view from, char* buffer, std::size_t room) {
  const auto size = std::min(room, from.size() - taken_);
  std::memcpy(buffer, from.data() + taken_, size);
  taken_ += size;
  return size;
}

// Content that ends early fails: its length has been announced, and its signature made.
std::optional<std::size_t> content_stream::read_content(char* buffer, std::size_t room) {
  const auto left = what_.size() - offset_;
  if (left == 0) return 0;
  std::uint64_t size = std::min<std::uint64_t>(room, left);
  if (what_.in_memory()) {
    std::memcpy(buffer, what_.content().data() + offset_, static_cast<std::size_t>(size));
  } else if (what_.read(offset_, reinterpret_cast<std::uint8_t*>(buffer), size) != WB_OK || size == 0) {
    return std::nullopt;
  }
  offset_ += size;
  return static_cast<std::size_t>(size);
}

std::optional<std::size_t> content_stream::read_encoded(char* buffer, std::size_t room) {
  if (taken_ == encoded_.size() && !encode_more()) return std::nullopt;
  return take(encoded_, buffer, room);
}

bool content_stream::encode_more() {
  std::vector<char> plain(encode_bytes);
  std::size_t size = 0;
  while (size < plain.size()) {
    const auto got = read_content(plain.data() + size, plain.size() - size);
    if (!got) return false;
    if (*got == 0) break;
    size += *got;
  }
  encoded_.clear();
  taken_ = 0;
  transfer::append_base64(encoded_, {plain.data(), size});
  return true;
}

struct gzip_stream::deflater {
  z_stream z{};
  std::array<char, inflow_bytes> in;
  bool set_up = false;
  bool drained = false;  ///< nothing more comes from inside
  bool done = false;

  ~deflater() {
    if (set_up) deflateEnd(&z);
  }
};

gzip_stream::gzip_stream(std::shared_ptr<transfer::body_source> inner)
    : inner_(std::move(inner)), deflater_(std::make_unique<deflater>()) {}
gzip_stream::~gzip_stream() = default;

bool gzip_stream::rewind() {
  auto& d = *deflater_;
  const int status = d.set_up
                         ? deflateReset(&d.z)
                         : deflateInit2(&d.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, gzip_memory, Z_DEFAULT_STRATEGY);
  d.set_up = d.set_up || status == Z_OK;
  d.drained = d.done = false;
  d.z.avail_in = 0;
  return status == Z_OK && inner_->rewind();
}

std::optional<std::size_t> gzip_stream::read(char* buffer, std::size_t room) {
  auto& d = *deflater_;
  const auto limit = static_cast<uInt>(std::min<std::size_t>(room, 1u << 30));
  d.z.next_out = zlib_bytes(buffer);
  d.z.avail_out = limit;
  while (!d.done && d.z.avail_out == limit) {
    if (d.z.avail_in == 0 && !d.drained) {
      const auto got = inner_->read(d.in.data(), d.in.size());
      if (!got) return std::nullopt;
      d.drained = *got == 0;
      d.z.next_in = zlib_bytes(d.in.data());
      d.z.avail_in = static_cast<uInt>(*got);
    }
    const int status = deflate(&d.z, d.drained ? Z_FINISH : Z_NO_FLUSH);
    if (status == Z_STREAM_ERROR) return std::nullopt;
    d.done = status == Z_STREAM_END;
  }
  return limit - d.z.avail_out;
}

std::optional<std::string> gzip(std::string_view bytes) {
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, gzip_memory, Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string out(deflateBound(&z, static_cast<uLong>(bytes.size())), '\0');
  z.next_in = zlib_bytes(bytes.data());
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = zlib_bytes(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (status != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace waybill::webhook
