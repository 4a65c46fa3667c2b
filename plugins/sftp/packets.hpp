// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill::sftp {

/// SSH File Transfer Protocol, version 3 (draft-ietf-secsh-filexfer-02), which is what all servers speak.
enum class packet : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  lstat = 7,
  fstat = 8,
  setstat = 9,
  fsetstat = 10,
  remove = 13,
  mkdir = 14,
  rmdir = 15,
  realpath = 16,
  stat = 17,
  rename = 18,
  status = 101,
  handle = 102,
  data = 103,
  name = 104,
  attributes = 105,
  extended = 200,
  extended_reply = 201
};

/// SSH_FXF_*, section 6.3.
namespace open_flag {
constexpr std::uint32_t read = 0x01;
constexpr std::uint32_t write = 0x02;
constexpr std::uint32_t create = 0x08;
constexpr std::uint32_t truncate = 0x10;
constexpr std::uint32_t exclusive = 0x20;
}  // namespace open_flag

/// One request, made at the end of a buffer. The length in front is set by finish.
class packet_writer {
public:
  packet_writer(std::string& out, packet kind, std::uint32_t id);
  packet_writer& u32(std::uint32_t number);
  packet_writer& u64(std::uint64_t number);
  packet_writer& text(std::string_view bytes);
  /// The attributes of a request: permissions or none.
  packet_writer& permissions(const std::optional<std::uint32_t>& mode);
  void finish();

private:
  std::string& out_;
  std::size_t start_;
};

/// An answer of the server. Which members count says its kind.
struct reply {
  packet kind = packet::status;
  std::uint32_t id = 0;
  std::uint32_t status = 0;           ///< status
  std::string text;                   ///< status: the server's words; handle, data, name: the bytes; extended_reply: all of it
  std::optional<std::uint64_t> size;  ///< attributes
  std::optional<std::uint32_t> mode;  ///< attributes
};

/// The first answer that is not one: what the server speaks.
struct server_version {
  std::uint32_t version = 0;
  std::vector<std::pair<std::string, std::string>> extensions;
};

/// Takes the first whole packet off the bytes that came in: its content without the length. Nothing if it is not whole yet;
/// `broken` if it is longer than any that we can have asked for.
[[nodiscard]] std::optional<std::string_view> next_packet(std::string_view bytes, bool& broken);
constexpr std::size_t longest_packet = 1'048'576;

// Nothing if the packet is not what the protocol says.
[[nodiscard]] std::optional<reply> read_reply(std::string_view content);
[[nodiscard]] std::optional<server_version> read_version(std::string_view content);
/// limits@openssh.com: the longest write that the server takes, in bytes of data.
[[nodiscard]] std::optional<std::uint64_t> read_write_limit(std::string_view extended);
/// check-file (draft-ietf-secsh-filexfer-extensions-00): the digest of 32 bytes, if it is one of SHA-256.
[[nodiscard]] std::optional<std::string> read_sha256(std::string_view extended);

}  // namespace waybill::sftp
