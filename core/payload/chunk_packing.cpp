// SPDX-License-Identifier: Apache-2.0
#include "core/payload/chunk_packing.hpp"

#include <utility>

#include <zstd.h>

namespace waybill::core {
namespace {

constexpr int level = 1;                 // 400 MB/s and more: the disk is slower
constexpr std::size_t least_size = 512;  // below, a frame's header and a call cost more than they save
constexpr int alone_after_failure = 7;

[[nodiscard]] bool is_worth_it(std::size_t packed, std::size_t plain) { return packed <= plain - plain / 8; }

}  // namespace

struct chunk_packer::context {
  struct context_free {
    void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
  };
  std::unique_ptr<ZSTD_CCtx, context_free> zstd{ZSTD_createCCtx()};
  std::string room;
};

chunk_packer::chunk_packer() = default;
chunk_packer::~chunk_packer() = default;

payload_chunk chunk_packer::pack(std::uint32_t number, std::string content) {
  payload_chunk out;
  out.number = number;
  out.size = static_cast<std::uint32_t>(content.size());
  if (content.size() >= least_size && left_alone_ == 0) {
    if (!context_) context_ = std::make_unique<context>();
    auto& room = context_->room;
    room.resize(ZSTD_compressBound(content.size()));
    const auto size = ZSTD_compressCCtx(context_->zstd.get(), room.data(), room.size(), content.data(), content.size(), level);
    if (ZSTD_isError(size) == 0 && is_worth_it(size, content.size())) {
      out.codec = chunk_codec::zstd;
      out.bytes.assign(room.data(), size);
      return out;
    }
    left_alone_ = alone_after_failure;
  } else if (left_alone_ > 0) {
    --left_alone_;
  }
  out.bytes = std::move(content);
  return out;
}

result<std::string> unpack(payload_chunk stored) {
  const auto broken = [] { return fail(error_code::internal_error, "a chunk of a payload is not what its row says"); };
  if (stored.size > payload_chunk_bytes) return broken();
  if (stored.codec == chunk_codec::plain) {
    if (stored.bytes.size() != stored.size) return broken();
    return std::move(stored.bytes);
  }
  if (stored.codec != chunk_codec::zstd) return broken();
  std::string content(stored.size, '\0');
  const auto size = ZSTD_decompress(content.data(), content.size(), stored.bytes.data(), stored.bytes.size());
  if (ZSTD_isError(size) != 0 || size != content.size()) return broken();
  return content;
}

}  // namespace waybill::core
