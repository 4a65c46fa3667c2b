// SPDX-License-Identifier: Apache-2.0
#include "api/upload_framing.hpp"

#include <algorithm>

namespace waybill::api {
namespace {

bool equals(std::string_view text, std::string_view lower_case) {
  return text.size() == lower_case.size() && std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}

}  // namespace

/// http_parser's C face.
struct upload_framing::callbacks {
  static upload_framing& of(http_parser* parser) { return *static_cast<upload_framing*>(parser->data); }
  static int target(http_parser* p, const char* at, std::size_t size) { return of(p).on_target({at, size}); }
  static int name(http_parser* p, const char* at, std::size_t size) { return of(p).on_name({at, size}); }
  static int value(http_parser* p, const char* at, std::size_t size) { return of(p).on_value({at, size}); }
  static int head_complete(http_parser* p) { return of(p).on_head_complete(); }
  static int body(http_parser* p, const char* at, std::size_t size) {
    of(p).body_->append(at, size);
    return 0;
  }
  static int complete(http_parser* p) {
    of(p).stage_ = stage::done;
    http_parser_pause(p, 1);
    return 0;
  }
  static const http_parser_settings& all() {
    static const http_parser_settings settings = [] {
      http_parser_settings s;
      http_parser_settings_init(&s);
      s.on_url = target;
      s.on_header_field = name;
      s.on_header_value = value;
      s.on_headers_complete = head_complete;
      s.on_body = body;
      s.on_message_complete = complete;
      return s;
    }();
    return settings;
  }
};

upload_framing::upload_framing(limits most) : most_(most) {
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
}

std::size_t upload_framing::take(std::string_view bytes, std::string& body) {
  if (stage_ == stage::done || stage_ == stage::failed || bytes.empty()) return 0;
  if (HTTP_PARSER_ERRNO(&parser_) == HPE_PAUSED) http_parser_pause(&parser_, 0);
  body_ = &body;
  const auto taken = http_parser_execute(&parser_, &callbacks::all(), bytes.data(), bytes.size());
  const auto error = HTTP_PARSER_ERRNO(&parser_);
  if (error == HPE_OK || error == HPE_PAUSED) return taken;
  if (fault_ == wire_fault::none) fault_ = error == HPE_HEADER_OVERFLOW ? wire_fault::headers_too_large : wire_fault::not_http;
  stage_ = stage::failed;
  return taken;
}

int upload_framing::refuse(wire_fault fault) {
  fault_ = fault;
  return -1;
}

int upload_framing::on_target(std::string_view part) {
  head_.target.append(part);
  return head_.target.size() > most_.target_bytes ? refuse(wire_fault::target_too_long) : 0;
}

int upload_framing::on_name(std::string_view part) {
  header_bytes_ += part.size() + (in_value_ ? 4 : 0);  // ": " and CRLF
  if (header_bytes_ > most_.header_bytes) return refuse(wire_fault::headers_too_large);
  if (stage_ != stage::head) return 0;  // a trailer: bounded, and of no meaning here
  if (in_value_) {
    if (head_.fields.size() == most_.header_fields) return refuse(wire_fault::headers_too_large);
    head_.fields.emplace_back();
  }
  in_value_ = false;
  head_.fields.back().first.append(part);
  return 0;
}

int upload_framing::on_value(std::string_view part) {
  header_bytes_ += part.size();
  if (header_bytes_ > most_.header_bytes) return refuse(wire_fault::headers_too_large);
  if (stage_ != stage::head) return 0;
  in_value_ = true;
  head_.fields.back().second.append(part);
  return 0;
}

int upload_framing::on_head_complete() {
  if (!is_framed_plainly()) return refuse(wire_fault::not_http);
  const bool chunked = (parser_.flags & F_CHUNKED) != 0;
  if (!chunked) head_.length = (parser_.flags & F_CONTENTLENGTH) != 0 ? parser_.content_length : 0;
  head_.keep_alive = http_should_keep_alive(&parser_) != 0 && parser_.upgrade == 0;
  for (const auto& [name, value] : head_.fields)
    if (equals(name, "expect") && equals(value, "100-continue") && parser_.http_minor > 0) head_.awaits_continue = true;
  stage_ = stage::body;
  http_parser_pause(&parser_, 1);
  return 0;
}

bool upload_framing::is_framed_plainly() const {
  int lengths = 0;
  int codings = 0;
  for (const auto& [name, value] : head_.fields) {
    // http_parser passes over a blank before the colon, others take it for part of the name (RFC 9112 section 5.1: refuse).
    if (name.find_first_of(" \t") != std::string::npos) return false;
    if (equals(name, "content-length")) ++lengths;
    if (!equals(name, "transfer-encoding")) continue;
    ++codings;
    if (!equals(value, "chunked")) return false;
  }
  const bool is_one_one = parser_.http_major == 1 && parser_.http_minor == 1;
  // An upgrade ends the HTTP of a connection, and with it what its framing means.
  return lengths + codings <= 1 && (codings == 0 || is_one_one) && parser_.upgrade == 0;
}

}  // namespace waybill::api
