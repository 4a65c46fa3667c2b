// SPDX-License-Identifier: Apache-2.0
#include "smtp_channel.hpp"

#include <sys/socket.h>

#include <utility>

#include <asio/error.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/host_name_verification.hpp>
#include <asio/write.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace waybill::email {
namespace {

using asio::ip::tcp;
using transfer::ending;

constexpr std::size_t read_bytes = 4'096;

}  // namespace

bool allows(const transfer::connect_guard& guard, const tcp::endpoint& to) {
  if (!guard) return false;
  const auto address = to.address();
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return guard(bytes.data(), 4, to.port());
  }
  const auto bytes = address.to_v6().to_bytes();
  return guard(bytes.data(), 16, to.port());
}

smtp_channel::smtp_channel(asio::io_context& io) : resolver_(io), socket_(io), buffer_(read_bytes) {}

void smtp_channel::connect(const std::string& host, std::uint16_t port, transfer::connect_guard guard, done then) {
  guard_ = std::move(guard);
  resolver_.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [this, then = std::move(then)](const std::error_code& error, const tcp::resolver::results_type& found) {
        if (error || closed_) return then(fault_of(error, ending::unresolved));
        for (const auto& entry : found) addresses_.insert(addresses_.begin(), entry.endpoint());
        try_next(then);
      });
}

// The list is reversed, so that the next one is at its end.
void smtp_channel::try_next(done then) {
  while (!addresses_.empty()) {
    const auto to = addresses_.back();
    addresses_.pop_back();
    if (!allows(guard_, to)) {
      refused_ = to.address().to_string();
      continue;
    }
    std::error_code ignored;  // a socket that was never opened has nothing to close
    socket_.close(ignored);
    socket_.async_connect(to, [this, then = std::move(then)](const std::error_code& error) {
      if (closed_) return then(closed_);
      if (error) {
        last_error_ = error.message();
        return try_next(then);
      }
      std::error_code without;  // slower, but it works
      socket_.set_option(tcp::no_delay{true}, without);
      socket_.set_option(asio::socket_base::keep_alive{true}, without);
      then({});
    });
    return;
  }
  if (last_error_.empty() && !refused_.empty())
    return then({ending::guard_refused, "the network guard does not allow a connection to " + refused_ +
                                            "; a range is opened by network.allow in the node's configuration"});
  then({ending::unreachable, "no connection: " + last_error_});
}

void smtp_channel::start_tls(asio::ssl::context& context, const std::string& host, done then) {
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, context);
  std::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  // RFC 6066 section 3: no literal addresses in SNI.
  if (not_an_address) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  tls_->set_verify_callback(asio::ssl::host_name_verification{host});
  tls_->async_handshake(asio::ssl::stream_base::client, [this, then = std::move(then)](const std::error_code& error) {
    if (!error) return then({});
    auto fault = fault_of(error, ending::tls_failed);
    const auto verdict = SSL_get_verify_result(tls_->native_handle());
    if (fault.how == ending::tls_failed && verdict != X509_V_OK)
      fault.detail += std::string{": "} + X509_verify_cert_error_string(verdict);
    then(fault);
  });
}

void smtp_channel::read(read_done then) {
  auto came = [this, then = std::move(then)](const std::error_code& error, std::size_t size) {
    if (error || closed_) return then(fault_of(error, ending::broken), {});
    then({}, {buffer_.data(), size});
  };
  if (tls_)
    tls_->async_read_some(asio::buffer(buffer_), std::move(came));
  else
    socket_.async_read_some(asio::buffer(buffer_), std::move(came));
}

void smtp_channel::write(std::string_view bytes, done then) {
  auto left = [this, then = std::move(then)](const std::error_code& error, std::size_t) {
    if (error || closed_) return then(fault_of(error, ending::broken));
    then({});
  };
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  if (tls_)
    asio::async_write(*tls_, buffer, std::move(left));
  else
    asio::async_write(socket_, buffer, std::move(left));
}

void smtp_channel::close(channel_fault why) {
  if (!closed_) closed_ = why ? std::move(why) : channel_fault{ending::broken, "the connection has been closed"};
  resolver_.cancel();
  std::error_code ignored;  // it is gone either way
  socket_.close(ignored);
}

std::string smtp_channel::protection() const {
  if (!tls_) return {};
  auto* const ssl = tls_->native_handle();
  return std::string{SSL_get_version(ssl)} + " " + SSL_get_cipher_name(ssl);
}

bool smtp_channel::quiet() {
  if (closed_ || !socket_.is_open()) return false;
  char byte = 0;
  const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool smtp_channel::still_allowed(const transfer::connect_guard& guard) const {
  std::error_code error;
  const auto to = socket_.remote_endpoint(error);
  return !error && allows(guard, to);
}

channel_fault smtp_channel::fault_of(const std::error_code& error, ending otherwise) const {
  if (closed_) return closed_;
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return {otherwise, "the server closed the connection"};
  return {otherwise, otherwise == ending::unresolved ? "no address for the name: " + error.message() : error.message()};
}

}  // namespace waybill::email
