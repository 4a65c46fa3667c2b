// SPDX-License-Identifier: Apache-2.0
#include "api/upload_scout.hpp"

#include <algorithm>

namespace waybill::api {
namespace {

constexpr std::string_view beginning = "POST /v1/payloads";

const http_parser_settings& settings_with(http_cb on_message_complete) {
  static const http_parser_settings settings = [on_message_complete] {
    http_parser_settings s;
    http_parser_settings_init(&s);
    s.on_message_complete = on_message_complete;
    return s;
  }();
  return settings;
}

}  // namespace

upload_guess guess_upload(std::string_view message) {
  const auto known = std::min(message.size(), beginning.size());
  if (message.substr(0, known) != beginning.substr(0, known)) return upload_guess::no;
  if (message.size() <= beginning.size()) return upload_guess::undecided;
  const char next = message[beginning.size()];
  return next == ' ' || next == '?' ? upload_guess::yes : upload_guess::no;
}

int upload_scout::on_message_complete(http_parser* parser) {
  auto& self = *static_cast<upload_scout*>(parser->data);
  self.between_ = true;
  self.off_ = parser->upgrade != 0 || http_should_keep_alive(parser) == 0;
  http_parser_pause(parser, 1);
  return 0;
}

std::size_t upload_scout::ordinary(std::string_view bytes) {
  std::size_t at = 0;
  while (!off_ && at < bytes.size()) {
    if (between_) {
      // Empty lines in front of a request are skipped by every parser (RFC 9112 section 2.2).
      const auto start = bytes.find_first_not_of("\r\n", at);
      if (start == std::string_view::npos) return bytes.size();
      if (guess_upload(bytes.substr(start)) != upload_guess::no) return at;
      http_parser_init(&parser_, HTTP_REQUEST);
      between_ = false;
    }
    parser_.data = this;  // the scout moves with its socket
    at += http_parser_execute(&parser_, &settings_with(on_message_complete), bytes.data() + at, bytes.size() - at);
    if (!between_ && HTTP_PARSER_ERRNO(&parser_) != HPE_OK) off_ = true;
  }
  return bytes.size();
}

}  // namespace waybill::api
