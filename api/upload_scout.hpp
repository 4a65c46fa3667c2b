// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <http_parser.h>

namespace waybill::api {

/// Does a request for the upload route begin here? `undecided`: there is too little to tell.
enum class upload_guess : std::uint8_t { no = 1, yes, undecided };
[[nodiscard]] upload_guess guess_upload(std::string_view message);

/// Finds in the bytes of a connection where an upload begins, so that RESTinio, which holds whole bodies in memory, never
/// sees one. It follows the framing of all other requests with the parser that RESTinio uses, of the same build, restarted per
/// message as RESTinio does: the two cannot come to different boundaries. What it cannot follow (no HTTP, an upgrade, bytes
/// behind a last request) it leaves alone from there on. One thread; costs a parse of the head.
class upload_scout {
public:
  /// How many of the next bytes of the connection are not an upload's. Less than all: an upload begins there, or may.
  [[nodiscard]] std::size_t ordinary(std::string_view bytes);

private:
  static int on_message_complete(http_parser* parser);

  http_parser parser_{};
  bool between_ = true;  ///< two messages
  bool off_ = false;
};

}  // namespace waybill::api
