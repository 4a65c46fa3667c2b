// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace waybill::sftp {

enum class trouble : std::uint8_t {
  network = 1,     ///< no connection, or it broke
  guard,           ///< the network guard refused the address
  timeout,         ///< nothing moved for too long
  canceled,        ///< nobody waits for it any more
  host_key,        ///< the server's key is not a known one
  authentication,  ///< the server does not take the credentials
  protocol,        ///< the server said what no SFTP server says
  status,          ///< a request was answered with a status; see `status`
  content,         ///< the content could not be read from the engine
  mismatch,        ///< what arrived is not what was sent
  exists           ///< the file exists and must not be replaced
};

/// SSH_FX_*, draft-ietf-secsh-filexfer-02 section 7, and those that servers of later drafts send all the same.
namespace fx {
constexpr std::uint32_t ok = 0;
constexpr std::uint32_t eof = 1;
constexpr std::uint32_t no_such_file = 2;
constexpr std::uint32_t permission_denied = 3;
constexpr std::uint32_t general_failure = 4;
constexpr std::uint32_t unsupported = 8;
constexpr std::uint32_t no_such_path = 10;
constexpr std::uint32_t file_already_exists = 11;
constexpr std::uint32_t write_protect = 12;
constexpr std::uint32_t no_space = 14;
constexpr std::uint32_t quota_exceeded = 15;
}  // namespace fx

/// Why something did not come about. No secret in it.
struct failure {
  trouble what = trouble::network;
  std::string detail;
  std::uint32_t status = 0;  ///< fx::*, with trouble::status
};

/// After these the connection is of no more use.
[[nodiscard]] inline bool is_of_connection(const failure& why) {
  return why.what == trouble::network || why.what == trouble::timeout || why.what == trouble::canceled ||
         why.what == trouble::protocol;
}

template <class T>
using result = tl::expected<T, failure>;

[[nodiscard]] inline tl::unexpected<failure> fail(trouble what, std::string detail, std::uint32_t status = 0) {
  return tl::unexpected<failure>{failure{what, std::move(detail), status}};
}
[[nodiscard]] inline tl::unexpected<failure> fail(failure why) { return tl::unexpected<failure>{std::move(why)}; }

}  // namespace waybill::sftp
