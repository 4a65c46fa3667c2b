// SPDX-License-Identifier: Apache-2.0
#include "api/listener.hpp"

#include <utility>

#include "api/lane.hpp"
#include "core/telemetry/log.hpp"

#include <asio/post.hpp>

namespace waybill::api {

namespace {

/// After an accept that failed for want of file descriptors or memory.
constexpr std::chrono::milliseconds pause_after_error{100};

}  // namespace

listener::listener(std::vector<lane*> lanes, std::shared_ptr<connection_gate> gate, core::metrics& metrics)
    : lanes_(std::move(lanes)),
      gate_(std::move(gate)),
      metrics_(metrics),
      io_(lanes_.front()->io()),
      acceptor_(io_),
      pause_(io_) {}

core::result<void> listener::open(const asio::ip::tcp::endpoint& endpoint) {
  asio::error_code ec;
  const auto failed = [&ec, &endpoint](const char* what) {
    return core::fail(core::error_code::validation_error, std::string{"cannot listen on "} + endpoint.address().to_string() +
                                                              ":" + std::to_string(endpoint.port()) + ": " + what + ": " +
                                                              ec.message());
  };
  acceptor_.open(endpoint.protocol(), ec);
  if (ec) return failed("open");
  acceptor_.set_option(asio::socket_base::reuse_address{true}, ec);
  if (ec) return failed("reuse_address");
  acceptor_.bind(endpoint, ec);
  if (ec) return failed("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return failed("listen");
  endpoint_ = acceptor_.local_endpoint(ec);
  if (ec) return failed("address");
  return {};
}

void listener::start() {
  asio::post(io_, [self = shared_from_this()] { self->accept(); });
}

void listener::close() {
  asio::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void listener::accept() {
  if (!acceptor_.is_open()) return;
  auto permit = gate_->acquire([self = weak_from_this(), &io = io_] {
    asio::post(io, [self] {
      if (const auto l = self.lock()) l->accept();
    });
  });
  if (!permit) return;
  auto& target = *lanes_[next_++ % lanes_.size()];
  acceptor_.async_accept(target.io(), [self = shared_from_this(), &target, permit = std::move(permit)](
                                          const asio::error_code& ec, asio::ip::tcp::socket socket) mutable {
    if (!ec) {
      target.adopt(std::move(socket), std::move(permit));
      return self->accept();
    }
    if (ec == asio::error::operation_aborted) return;
    core::log(core::log_level::warning, "http.accept_failed", ec.message());
    self->metrics_.count("http_accept_failures",
                         "Connections that could not be accepted, for want of file descriptors mostly.");
    self->accept_later();
  });
}

void listener::accept_later() {
  pause_.expires_after(pause_after_error);
  pause_.async_wait([self = shared_from_this()](const asio::error_code& ec) {
    if (!ec) self->accept();
  });
}

}  // namespace waybill::api
