// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>

#include <waybill/transfer/endpoint.hpp>
#include <waybill/transfer/exchange.hpp>

namespace waybill::email {

/// What was wrong with a connection; `answered` stands for nothing.
struct channel_fault {
  transfer::ending how = transfer::ending::answered;
  std::string detail;
  explicit operator bool() const { return how != transfer::ending::answered; }
};

/// A TCP connection that may turn to TLS. Every operation ends with one call of its handler, on the thread that runs the
/// io_context, never from inside the call that started it. Owned by a session, which is kept alive by its own handlers; only
/// used on that thread.
class smtp_channel {
public:
  using done = std::function<void(const channel_fault&)>;
  using read_done = std::function<void(const channel_fault&, std::string_view bytes)>;

  explicit smtp_channel(asio::io_context& io);

  /// Connects to the first address of the name that the guard allows and that answers.
  void connect(const std::string& host, std::uint16_t port, transfer::connect_guard guard, done then);
  /// TLS as a client, the chain and the name verified. `context` outlives the channel.
  void start_tls(asio::ssl::context& context, const std::string& host, done then);
  /// Whatever comes next, valid until the handler returns.
  void read(read_done then);
  /// All of `bytes`, which must live until the handler is called.
  void write(std::string_view bytes, done then);
  /// Ends what is under way, with `why` as its fault if it is the first.
  void close(channel_fault why = {});

  [[nodiscard]] bool encrypted() const { return tls_ != nullptr; }
  /// The protocol's version and cipher; empty without TLS.
  [[nodiscard]] std::string protection() const;
  /// Nothing has come from the peer, not even an end: the connection may be used again.
  [[nodiscard]] bool quiet();
  /// May the address it is connected to still be connected to?
  [[nodiscard]] bool still_allowed(const transfer::connect_guard& guard) const;

private:
  void try_next(done then);
  [[nodiscard]] channel_fault fault_of(const std::error_code& error, transfer::ending otherwise) const;

  asio::ip::tcp::resolver resolver_;
  asio::ip::tcp::socket socket_;
  std::unique_ptr<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  std::vector<asio::ip::tcp::endpoint> addresses_;  ///< still to be tried
  transfer::connect_guard guard_;
  std::string refused_;  ///< by the guard
  std::string last_error_;
  std::vector<char> buffer_;
  channel_fault closed_;
};

/// Is this resolved address allowed?
[[nodiscard]] bool allows(const transfer::connect_guard& guard, const asio::ip::tcp::endpoint& address);

}  // namespace waybill::email
