// SPDX-License-Identifier: Apache-2.0
#include "api/lingering_close.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/steady_timer.hpp>

namespace waybill::api {
namespace {

constexpr std::chrono::seconds linger_time{2};
/// What a client may still send while it is being got rid of.
constexpr std::size_t linger_bytes = std::size_t{64} * 1024 * 1024;

/// Keeps itself alive by its handlers.
class lingering_close : public std::enable_shared_from_this<lingering_close> {
public:
  lingering_close(asio::ip::tcp::socket socket, connection_permit permit)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), permit_(std::move(permit)) {}

  void start() {
    asio::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
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

void close_lingering(asio::ip::tcp::socket socket, connection_permit permit) {
  std::make_shared<lingering_close>(std::move(socket), std::move(permit))->start();
}

}  // namespace waybill::api
