// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/store/backup/record_parser.hpp"

struct evp_md_ctx_st;

/// How the plain bytes of a backup lie in its file:
///   8 bytes of magic, then the format's number
///   blocks: how many bytes follow (not 0), how many they are when unpacked (1 to 1 MiB), and these bytes, a zstd frame
///   0, and the SHA-256 of everything before it, the 0 included. Nothing comes after.
/// Numbers are four bytes, the lowest first.
namespace waybill::core::backup_blocks {

inline constexpr std::string_view magic{"WAYBILL\x1a", 8};
inline constexpr std::uint32_t format = 1;
inline constexpr std::size_t block_bytes = 1'048'576;
inline constexpr std::size_t digest_bytes = 32;

/// SHA-256 of bytes that come in pieces.
class running_digest {
public:
  running_digest();
  ~running_digest();
  running_digest(const running_digest&) = delete;
  running_digest& operator=(const running_digest&) = delete;
  void add(std::string_view bytes);
  [[nodiscard]] sha256_digest finish();

private:
  evp_md_ctx_st* context_;
};

void append_number(std::string& to, std::uint32_t value);

/// A block with its two sizes. internal_error if zstd refuses.
[[nodiscard]] result<std::string> pack(std::string_view plain);

/// The plain bytes of a file's. Does not look at the digest: whoever has the whole file has done so.
class unpacker final : public byte_source {
public:
  explicit unpacker(byte_source& from) : from_(from) {}
  [[nodiscard]] result<std::size_t> read(char* to, std::size_t room) override;

private:
  [[nodiscard]] result<void> take(char* to, std::size_t size);
  [[nodiscard]] result<std::uint32_t> number();
  [[nodiscard]] result<void> next_block();

  byte_source& from_;
  bool has_begun_ = false;
  bool has_ended_ = false;
  std::string packed_;
  std::string plain_;
  std::size_t at_ = 0;
};

}  // namespace waybill::core::backup_blocks
