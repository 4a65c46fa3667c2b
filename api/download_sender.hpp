// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/byte_ranges.hpp"
#include "api/exchange.hpp"
#include "api/http_response.hpp"
#include "core/download_service.hpp"

namespace waybill::api {

/// Writes parts of a download's content to a client that may be slow, the next piece when the one before has been taken, and
/// tells the service in the end what was taken. Kept by the reply it waits for or by the write under way; when the client goes,
/// so do these. The lane's thread.
class download_sender : public std::enable_shared_from_this<download_sender> {
public:
  download_sender(std::shared_ptr<exchange> x, core::open_download_ptr what, std::uint64_t access);
  ~download_sender();
  download_sender(const download_sender&) = delete;
  download_sender& operator=(const download_sender&) = delete;

  /// The whole or one part, which is not empty, or several as multipart/byteranges (RFC 9110 section 14.6).
  void send(http_response head, const std::vector<byte_range>& parts);

private:
  /// Text of the framing, or else bytes of the content.
  struct segment {
    std::string text;
    std::uint64_t from = 0;
    std::uint64_t left = 0;
  };

  void frame(http_response& head, const std::vector<byte_range>& parts);
  void go_on();
  void write_text();
  void fetch();
  void fetched(core::result<std::shared_ptr<const std::string>> piece, std::uint64_t starts_at);
  void write_piece();
  void write(std::shared_ptr<const std::string> bytes, std::size_t from, std::size_t size, std::size_t of_content, bool last);

  std::shared_ptr<exchange> exchange_;
  core::open_download_ptr what_;
  std::uint64_t access_;
  http_response head_;
  std::uint64_t length_ = 0;  ///< of the whole body
  std::vector<segment> segments_;
  std::size_t at_ = 0;
  std::shared_ptr<const std::string> piece_;
  std::uint64_t piece_from_ = 0;  ///< where in the content it begins
  std::shared_ptr<answer_stream> stream_;
  std::uint64_t sent_ = 0;
};

}  // namespace waybill::api
