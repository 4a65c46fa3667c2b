// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/wire_fault.hpp"

#include <http_parser.h>

namespace waybill::api {

/// The head of an upload as it came.
struct upload_head {
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  bool keep_alive = false;
  bool awaits_continue = false;         ///< Expect: 100-continue
  std::optional<std::uint64_t> length;  ///< Content-Length; nothing if the body is chunked
};

/// Cuts one request out of the bytes of a connection: head first, then the body without the marks of its transfer coding,
/// whose end it finds. Works by http_parser and is stricter where a lenient reading could differ from another server's: a
/// Transfer-Encoding other than `chunked`, both of it and Content-Length, or either of them twice is a fault. Holds the head
/// and no body.
class upload_framing {
public:
  struct limits {
    std::size_t target_bytes;
    std::size_t header_bytes;
    std::size_t header_fields;
  };
  enum class stage : std::uint8_t { head = 1, body, done, failed };

  explicit upload_framing(limits most);
  upload_framing(const upload_framing&) = delete;
  upload_framing& operator=(const upload_framing&) = delete;

  /// Takes bytes up to the end of the head, then up to the end of the body, which is appended to `body`; says how many it
  /// took. Those it left are to be given again.
  [[nodiscard]] std::size_t take(std::string_view bytes, std::string& body);
  [[nodiscard]] stage now() const { return stage_; }
  [[nodiscard]] wire_fault fault() const { return fault_; }  ///< once failed
  [[nodiscard]] const upload_head& head() const { return head_; }

private:
  struct callbacks;
  int on_target(std::string_view part);
  int on_name(std::string_view part);
  int on_value(std::string_view part);
  int on_head_complete();
  /// Negative: of the callback for the end of the head http_parser takes 1 and 2 to mean no body, and an upgrade.
  [[nodiscard]] int refuse(wire_fault fault);
  [[nodiscard]] bool is_framed_plainly() const;

  const limits most_;
  http_parser parser_{};
  upload_head head_;
  stage stage_ = stage::head;
  wire_fault fault_ = wire_fault::none;
  std::size_t header_bytes_ = 0;
  bool in_value_ = true;  ///< the next name begins a field
  std::string* body_ = nullptr;
};

}  // namespace waybill::api
