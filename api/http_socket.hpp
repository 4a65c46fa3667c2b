// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/connection_gate.hpp"

#include <asio/associated_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace waybill::api {

/// Why a connection ends without having carried a whole request.
enum class wire_fault : std::uint8_t { none = 1, not_http, target_too_long, headers_too_large, body_too_large, too_slow };

/// What all sockets of a lane share.
struct socket_rules {
  std::chrono::milliseconds read_timeout;             ///< from the first byte of a request to its last
  std::function<std::string(wire_fault)> last_words;  ///< the whole answer a client is sent before its connection ends
};

/// The stream under a RESTinio connection, which it uses in place of asio's own socket. RESTinio ends a connection without a
/// word when a request breaks the parser's limits, and has one time limit for idling and for reading. This socket adds both: it
/// answers 400, 408, 413, 414 or 431 before it closes, and then reads on for a while without keeping anything, as a close with
/// unread input makes the kernel reset the connection, and the client may never see the answer (RFC 9112 section 9.6). It also
/// says 100 Continue to a client that waits for the word (RFC 9110 section 10.1.1), which RESTinio does not know.
///
/// Names hide those of the base on purpose; RESTinio's connection is a template over this type. One thread.
class http_socket : public asio::ip::tcp::socket {
public:
  using base = asio::ip::tcp::socket;

  http_socket(base socket, std::shared_ptr<const socket_rules> rules, connection_permit permit);
  http_socket(http_socket&& other) noexcept;
  http_socket& operator=(http_socket&&) = delete;
  ~http_socket();

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    before_read();
    const auto executor = asio::get_associated_executor(handler, get_executor());
    base::async_read_some(buffers, asio::bind_executor(executor, [this, to = static_cast<const char*>(buffers.data()),
                                                                  h = std::forward<Handler>(handler)](
                                                                     const asio::error_code& ec, std::size_t size) mutable {
                            last_read_ = {to, size};
                            h(ec, size);
                          }));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    before_write();
    base::async_write_some(buffers, std::forward<Handler>(handler));
  }
  void shutdown(shutdown_type what, asio::error_code& ec);
  void close();

  /// Called by the logger with RESTinio's own words for an error; the connection's `shutdown` follows on the same thread
  /// with nothing in between, and finds the fault.
  static void note_error(std::string_view text);

private:
  /// Outlives the socket's moves: the timer's handler finds where the socket is now.
  struct slow_read_watch {
    slow_read_watch(const base::executor_type& executor, http_socket* owner) : timer(executor), socket(owner) {}
    asio::steady_timer timer;
    http_socket* socket;
    bool armed = false;
  };

  void before_read();
  void before_write();
  [[nodiscard]] bool client_waits_to_continue() const;
  void too_slow();
  void say_last_words(wire_fault fault);
  void send_now(std::string_view text);

  std::shared_ptr<const socket_rules> rules_;
  connection_permit permit_;
  std::shared_ptr<slow_read_watch> watch_;  ///< made when a request first comes in more than one piece
  std::string_view last_read_;              ///< in the connection's buffer: good until the next read begins
  std::uint32_t reads_ = 0;                 ///< since the last write: more than one means within a request
  bool linger_ = false;
};

/// RESTinio's logger: only errors matter, and only to the socket they are about.
struct wire_logger {
  template <class Builder>
  void trace(Builder&&) const noexcept {}
  template <class Builder>
  void info(Builder&&) const noexcept {}
  template <class Builder>
  void warn(Builder&&) const noexcept {}
  template <class Builder>
  void error(Builder&& build) const {
    http_socket::note_error(build());
  }
};

}  // namespace waybill::api
