// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/connection_gate.hpp"
#include "core/model/error.hpp"
#include "core/telemetry/metrics.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace waybill::api {

class lane;

/// Accepts the connections of a server and deals them out to its lanes, one after the other. It stands in for RESTinio's own
/// acceptor, which gives up a listening slot for good on the first error of accept (too many open files, say): here that is
/// waited out, and a server at its connection limit leaves new ones in the kernel's queue. Runs on the first lane's thread.
class listener : public std::enable_shared_from_this<listener> {
public:
  listener(std::vector<lane*> lanes, std::shared_ptr<connection_gate> gate, core::metrics& metrics);

  /// Before the lanes run. validation_error with the system's reason.
  [[nodiscard]] core::result<void> open(const asio::ip::tcp::endpoint& endpoint);
  void start();
  /// On the first lane's thread.
  void close();
  [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return endpoint_; }

private:
  void accept();
  void accept_later();

  std::vector<lane*> lanes_;
  std::shared_ptr<connection_gate> gate_;
  core::metrics& metrics_;
  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  asio::ip::tcp::endpoint endpoint_;
  std::size_t next_ = 0;
};

}  // namespace waybill::api
