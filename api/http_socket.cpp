// SPDX-License-Identifier: Apache-2.0
#include "api/http_socket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace waybill::api {

namespace {

constexpr std::chrono::seconds linger_time{2};
/// What a client may still send while it is being got rid of.
constexpr std::size_t linger_bytes = std::size_t{64} * 1024 * 1024;

thread_local wire_fault noted = wire_fault::none;

/// A connection whose answer is sent: reads and forgets until the client closes, time is up, or it sent too much. Keeps itself
/// alive by its handlers; counts as a connection until then.
class lingering_close : public std::enable_shared_from_this<lingering_close> {
public:
  lingering_close(asio::ip::tcp::socket socket, connection_permit permit)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), permit_(std::move(permit)) {}

  void start() {
    timer_.expires_after(linger_time);
    timer_.async_wait([self = shared_from_this()](const asio::error_code&) { self->end(); });
    read();
  }

private:
  void read() {
    socket_.async_read_some(asio::buffer(discarded_),
                            [self = shared_from_this()](const asio::error_code& ec, std::size_t size) {
                              self->total_ += size;
                              if (ec || self->total_ > linger_bytes) return self->end();
                              self->read();
                            });
  }

  void end() {
    asio::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  connection_permit permit_;
  std::size_t total_ = 0;
  std::array<char, 16'384> discarded_;
};

}  // namespace

http_socket::http_socket(base socket, std::shared_ptr<const socket_rules> rules, connection_permit permit)
    : base(std::move(socket)), rules_(std::move(rules)), permit_(std::move(permit)) {}

http_socket::http_socket(http_socket&& other) noexcept
    : base(std::move(static_cast<base&>(other))),
      rules_(std::move(other.rules_)),
      permit_(std::move(other.permit_)),
      watch_(std::move(other.watch_)),
      reads_(other.reads_),
      linger_(other.linger_) {
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
    if (!ec && watch->socket && watch->armed) watch->socket->too_slow();
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
  if (!watch_ || !std::exchange(watch_->armed, false)) return;
  watch_->timer.cancel();
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
  if (std::exchange(linger_, false))
    return std::make_shared<lingering_close>(base(std::move(static_cast<base&>(*this))), std::move(permit_))->start();
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
