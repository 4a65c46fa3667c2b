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
#include "api/upload_scout.hpp"
#include "api/wire_fault.hpp"

#include <asio/associated_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace waybill::api {

/// What all sockets of a lane share.
struct socket_rules {
  std::chrono::milliseconds read_timeout;             ///< from the first byte of a request to its last
  std::function<std::string(wire_fault)> last_words;  ///< the whole answer a client is sent before its connection ends
  /// Takes a connection over on which an upload begins with these bytes.
  std::function<void(asio::ip::tcp::socket, std::string, connection_permit)> take_over;
};

/// The stream under a RESTinio connection, which it uses in place of asio's own socket. RESTinio ends a connection without a
/// word when a request breaks the parser's limits, and has one time limit for idling and for reading. This socket adds both: it
/// answers 400, 408, 413, 414 or 431 before it closes, and then reads on for a while without keeping anything, as a close with
/// unread input makes the kernel reset the connection, and the client may never see the answer (RFC 9112 section 9.6). It also
/// says 100 Continue to a client that waits for the word (RFC 9110 section 10.1.1), which RESTinio does not know.
/// And it keeps uploads from RESTinio, which holds whole bodies in memory: where one begins (upload_scout), and everything
/// before it is answered, the connection is taken over, and to RESTinio it looks as if the client had closed it.
///
/// Names hide those of the base on purpose; RESTinio's connection is a template over this type. One thread.
class http_socket : public asio::ip::tcp::socket {
public:
  using base = asio::ip::tcp::socket;

  /// `first`: bytes of the connection that have been read already.
  http_socket(base socket, std::shared_ptr<const socket_rules> rules, connection_permit permit, std::string first = {});
  http_socket(http_socket&& other) noexcept;
  http_socket& operator=(http_socket&&) = delete;
  ~http_socket();

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    before_read();
    is_reading_ = true;
    const auto executor = asio::get_associated_executor(handler, get_executor());
    auto* const to = static_cast<char*>(buffers.data());
    auto done = [this, to, h = std::forward<Handler>(handler)](const asio::error_code& ec, std::size_t size) mutable {
      is_reading_ = false;
      const auto ordinary = ec ? size : after_read(to, size);
      if (!ec && ordinary == 0) return end_reading(std::move(h));
      h(ec, ordinary);
    };
    if (first_.empty() && upload_.empty())
      return base::async_read_some(buffers, asio::bind_executor(executor, std::move(done)));
    asio::post(executor, [this, to, room = buffers.size(), done = std::move(done)]() mutable {
      done(asio::error_code{}, take_first(to, room));
    });
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    before_write();
    const auto executor = asio::get_associated_executor(handler, get_executor());
    base::async_write_some(buffers, asio::bind_executor(executor, [this, h = std::forward<Handler>(handler)](
                                                                      const asio::error_code& ec, std::size_t size) mutable {
                             is_writing_ = false;
                             h(ec, size);  // which holds the connection, and so this socket
                             if (reading_ && !is_writing_) give_over();
                           }));
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

  using read_handler = std::function<void(const asio::error_code&, std::size_t)>;

  void before_read();
  void before_write();
  /// How many of the bytes read RESTinio is to see.
  [[nodiscard]] std::size_t after_read(const char* bytes, std::size_t size);
  [[nodiscard]] std::size_t take_first(char* to, std::size_t room);
  /// An upload is next: RESTinio reads no more here. What it has to write comes first.
  void end_reading(read_handler handler);
  void give_over();
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
  bool is_reading_ = false;  ///< the connection wants more of a request; not so while one that came whole is being answered
  bool is_writing_ = false;
  upload_scout scout_;
  std::string first_;     ///< read before this socket was made, not yet given on
  std::string upload_;    ///< what of an upload has been read
  read_handler reading_;  ///< a read that will find the connection gone
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
