// SPDX-License-Identifier: Apache-2.0
#include "api/http_socket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "api/lingering_close.hpp"

namespace waybill::api {

namespace {

thread_local wire_fault noted = wire_fault::none;

}  // namespace

http_socket::http_socket(base socket, std::shared_ptr<const socket_rules> rules, connection_permit permit, std::string first)
    : base(std::move(socket)), rules_(std::move(rules)), permit_(std::move(permit)), first_(std::move(first)) {}

http_socket::http_socket(http_socket&& other) noexcept
    : base(std::move(static_cast<base&>(other))),
      rules_(std::move(other.rules_)),
      permit_(std::move(other.permit_)),
      watch_(std::move(other.watch_)),
      reads_(other.reads_),
      linger_(other.linger_),
      is_reading_(other.is_reading_),
      is_writing_(other.is_writing_),
      scout_(other.scout_),
      first_(std::move(other.first_)),
      upload_(std::move(other.upload_)),
      reading_(std::move(other.reading_)) {
  if (watch_) watch_->socket = this;
}

http_socket::~http_socket() {
  if (watch_) watch_->socket = nullptr;
}

void http_socket::before_read() {
  if (++reads_ == 1) return;
  // A second read: the parser wants more of the request. A body that looks like such a head costs an interim answer too many,
  // which a client passes over.
  if (reads_ == 2 && client_waits_to_continue()) send_now("HTTP/1.1 100 Continue\r\n\r\n");
  if (!watch_) watch_ = std::make_shared<slow_read_watch>(get_executor(), this);
  if (std::exchange(watch_->armed, true)) return;
  watch_->timer.expires_after(rules_->read_timeout);
  watch_->timer.async_wait([watch = watch_](const asio::error_code& ec) {
    if (ec || !watch->socket || !std::exchange(watch->armed, false)) return;
    if (watch->socket->is_reading_) watch->socket->too_slow();
  });
}

bool http_socket::client_waits_to_continue() const {
  constexpr std::string_view end = "\r\n\r\n";
  if (last_read_.size() < end.size() || last_read_.substr(last_read_.size() - end.size()) != end) return false;
  constexpr std::string_view line = "\r\nexpect: 100-continue\r\n";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(last_read_.begin(), last_read_.end(), line.begin(), line.end(), same) != last_read_.end();
}

void http_socket::before_write() {
  reads_ = 0;
  is_writing_ = true;
  if (!watch_ || !std::exchange(watch_->armed, false)) return;
  watch_->timer.cancel();
}

std::size_t http_socket::after_read(const char* bytes, std::size_t size) {
  if (!upload_.empty()) return 0;
  const auto ordinary = scout_.ordinary({bytes, size});
  if (ordinary < size) upload_.assign(bytes + ordinary, size - ordinary);
  last_read_ = {bytes, ordinary};
  return ordinary;
}

std::size_t http_socket::take_first(char* to, std::size_t room) {
  const auto size = first_.copy(to, room);
  first_.erase(0, size);
  return size;
}

void http_socket::end_reading(read_handler handler) {
  reading_ = std::move(handler);
  if (!is_writing_) give_over();
}

void http_socket::give_over() {
  const auto handler = std::exchange(reading_, nullptr);
  if (!is_open()) return handler(asio::error::operation_aborted, 0);
  if (watch_ && std::exchange(watch_->armed, false)) watch_->timer.cancel();
  upload_ += first_;
  rules_->take_over(base(std::move(static_cast<base&>(*this))), std::move(upload_), std::move(permit_));
  upload_.clear();
  first_.clear();
  handler(asio::error::eof, 0);
}

void http_socket::too_slow() {
  say_last_words(wire_fault::too_slow);
  // Nothing is coming, so there is nothing to wait for. RESTinio's read ends as aborted, and its connection with it.
  asio::error_code ignored;
  base::close(ignored);
}

void http_socket::shutdown(shutdown_type what, asio::error_code& ec) {
  if (watch_) watch_->armed = false;
  const auto fault = std::exchange(noted, wire_fault::none);
  if (fault == wire_fault::none || !is_open()) {
    base::shutdown(what, ec);
    return;
  }
  say_last_words(fault);
  linger_ = true;
  base::shutdown(base::shutdown_send, ec);
}

void http_socket::close() {
  if (std::exchange(linger_, false)) return close_lingering(base(std::move(static_cast<base&>(*this))), std::move(permit_));
  // It holds the connection, which holds this.
  if (reading_) asio::post(get_executor(), [h = std::exchange(reading_, nullptr)] { h(asio::error::operation_aborted, 0); });
  asio::error_code ignored;
  base::close(ignored);
}

void http_socket::say_last_words(wire_fault fault) {
  if (!is_open()) return;
  send_now(rules_->last_words(fault));
}

void http_socket::send_now(std::string_view text) {
  // One try: the text is smaller than any send buffer, and a client that fills its own has no claim to it.
  static_cast<void>(::send(native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

void http_socket::note_error(std::string_view text) {
  // "[connection:7] parser error HPE_CB_body: …": the callback that refused tells which limit was broken. The names are those
  // of RESTinio 0.6.16 and http_parser 2.9; tests/api/wire_faults_test.cpp holds each of them.
  noted = wire_fault::none;
  constexpr std::string_view mark = "parser error HPE_";
  const auto found = text.find(mark);
  if (found == std::string_view::npos) return;
  const auto name = text.substr(found + mark.size());
  const auto starts = [name](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; };
  if (starts("CB_url")) {
    noted = wire_fault::target_too_long;
  } else if (starts("CB_header_field") || starts("CB_header_value") || starts("HEADER_OVERFLOW")) {
    noted = wire_fault::headers_too_large;
  } else if (starts("CB_headers_complete") || starts("CB_body")) {
    noted = wire_fault::body_too_large;
  } else {
    noted = wire_fault::not_http;
  }
}

}  // namespace waybill::api
