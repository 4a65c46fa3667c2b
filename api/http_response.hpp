// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/time.hpp"

namespace waybill::api {

/// An answer before it is bytes.
struct http_response {
  int status = 200;
  std::string_view content_type = "application/json";  ///< a literal; empty: none, or among `headers`
  std::string body;
  std::string headers;                          ///< whole lines "Name: value\r\n", by add_header
  std::optional<std::uint64_t> announced_size;  ///< the body comes later and is this long
  bool own_policy = false;                      ///< the content security policy is among `headers`

  /// Control characters in `value` are left out, so nothing a client sent can start a header of its own.
  http_response& add_header(std::string_view name, std::string_view value);
};

[[nodiscard]] std::string_view reason_phrase(int status);

/// What of an answer depends on its request.
struct response_frame {
  std::string_view request_id;
  std::string_view traceparent;  ///< empty: none
  bool keep_alive = true;
  bool head_only = false;  ///< HEAD: headers of the whole, no body
};

/// The whole answer as one string: status line, Date (made once a second per thread), security headers, body.
[[nodiscard]] std::string serialize(const http_response& response, const response_frame& frame, core::utc_time now);

}  // namespace waybill::api
