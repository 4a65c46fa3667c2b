// SPDX-License-Identifier: Apache-2.0
#include "api/last_words.hpp"

#include "api/api_context.hpp"
#include "api/problem.hpp"
#include "api/trace_context.hpp"

namespace waybill::api {

namespace {

http_response answer_to(wire_fault fault, const http_options& options) {
  core::error error;
  const auto say = [&error](core::error_code code, std::string message) {
    error.code = code;
    error.message = std::move(message);
  };
  switch (fault) {
    case wire_fault::target_too_long:
      say(core::error_code::uri_too_long,
          "the request target is longer than " + std::to_string(options.max_url_bytes) + " bytes");
      break;
    case wire_fault::headers_too_large:
      say(core::error_code::headers_too_large,
          "the header fields are more than 100, or larger than " + std::to_string(options.max_header_bytes) + " bytes");
      break;
    case wire_fault::body_too_large:
      say(core::error_code::payload_too_large, "the body is larger than " + std::to_string(options.max_body_bytes) + " bytes");
      break;
    case wire_fault::too_slow:
      return problem(408, "REQUEST_TIMEOUT", "the request did not come in time");
    case wire_fault::not_http:
    case wire_fault::none:
      say(core::error_code::malformed_request, "this is not a well-formed HTTP/1.1 request");
      break;
  }
  return problem(error);
}

}  // namespace

std::string last_words(wire_fault fault, api_context& context) {
  const auto response = answer_to(fault, context.options);
  context.metrics.http_request("(unread)", response.status, core::milliseconds{0});
  const auto id = request_id_from({});
  response_frame frame;
  frame.request_id = id;
  frame.keep_alive = false;
  return serialize(response, frame, context.clock.now());
}

}  // namespace waybill::api
