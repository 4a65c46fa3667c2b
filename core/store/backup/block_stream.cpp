// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/block_stream.hpp"

#include <algorithm>
#include <cstring>

#include <openssl/evp.h>
#include <zstd.h>

namespace waybill::core::backup_blocks {
namespace {

constexpr int level = 3;  // zstd's own default: faster than a disk takes it

tl::unexpected<error> damaged(const char* what) {
  return fail(error_code::validation_error, std::string("the backup is damaged: ") + what);
}

}  // namespace

running_digest::running_digest() : context_(EVP_MD_CTX_new()) {
  if (context_ != nullptr) EVP_DigestInit_ex(context_, EVP_sha256(), nullptr);
}
running_digest::~running_digest() { EVP_MD_CTX_free(context_); }

void running_digest::add(std::string_view bytes) {
  if (context_ != nullptr) EVP_DigestUpdate(context_, bytes.data(), bytes.size());
}

/// Zeros if the library failed, which is nobody's digest.
sha256_digest running_digest::finish() {
  sha256_digest out{};
  if (context_ == nullptr || EVP_DigestFinal_ex(context_, out.data(), nullptr) != 1) out.fill(0);
  return out;
}

void append_number(std::string& to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i, value >>= 8) to.push_back(static_cast<char>(value & 0xff));
}

result<std::string> pack(std::string_view plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  const auto size = ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), level);
  if (ZSTD_isError(size) != 0)
    return fail(error_code::internal_error, std::string("cannot compress: ") + ZSTD_getErrorName(size));
  packed.resize(size);
  std::string block;
  append_number(block, static_cast<std::uint32_t>(size));
  append_number(block, static_cast<std::uint32_t>(plain.size()));
  return block + packed;
}

result<void> unpacker::take(char* to, std::size_t size) {
  while (size > 0) {
    auto got = from_.read(to, size);
    if (!got) return fail(got.error());
    if (*got == 0) return damaged("it ends too early");
    to += *got;
    size -= *got;
  }
  return {};
}

result<std::uint32_t> unpacker::number() {
  unsigned char bytes[4];
  if (auto done = take(reinterpret_cast<char*>(bytes), sizeof bytes); !done) return fail(done.error());
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

result<void> unpacker::next_block() {
  if (!has_begun_) {
    char first[8];
    if (auto done = take(first, sizeof first); !done) return done;
    if (std::string_view{first, sizeof first} != magic)
      return fail(error_code::validation_error, "this is no backup of Waybill");
    const auto made_as = number();
    if (!made_as) return fail(made_as.error());
    if (*made_as != format)
      return fail(error_code::validation_error,
                  "the backup has format " + std::to_string(*made_as) + ", this program knows " + std::to_string(format));
    has_begun_ = true;
  }
  const auto packed = number();
  if (!packed) return fail(packed.error());
  if (*packed == 0) {
    has_ended_ = true;
    return {};
  }
  const auto plain = number();
  if (!plain) return fail(plain.error());
  if (*plain == 0 || *plain > block_bytes || *packed > ZSTD_compressBound(block_bytes))
    return damaged("a block has an impossible size");
  packed_.resize(*packed);
  plain_.resize(*plain);
  at_ = 0;
  if (auto done = take(packed_.data(), packed_.size()); !done) return done;
  const auto size = ZSTD_decompress(plain_.data(), plain_.size(), packed_.data(), packed_.size());
  if (ZSTD_isError(size) != 0 || size != plain_.size()) return damaged("a block cannot be unpacked");
  return {};
}

result<std::size_t> unpacker::read(char* to, std::size_t room) {
  if (at_ == plain_.size() && !has_ended_)
    if (auto done = next_block(); !done) return fail(done.error());
  if (has_ended_) return std::size_t{0};
  const auto size = std::min(room, plain_.size() - at_);
  std::memcpy(to, plain_.data() + at_, size);
  at_ += size;
  return size;
}

}  // namespace waybill::core::backup_blocks
