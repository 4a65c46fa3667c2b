// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "api/api_context.hpp"
#include "api/connection_gate.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace waybill::api {

/// One HTTP thread with the RESTinio connections that are its own: reads, parses, dispatches and writes for them, and shares
/// nothing with other lanes but the context. Made and stopped by the server. The only file that knows RESTinio's server
/// side is lane.cpp.
class lane {
public:
  explicit lane(api_context& context);
  ~lane();  ///< stops
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  void start();
  /// Takes a connection over. Called on any thread.
  void adopt(asio::ip::tcp::socket socket, connection_permit permit);
  /// Answers what waits with 503, then ends the thread. Blocks.
  void stop();

  /// For the listener, which accepts on one lane's thread and makes each socket on the one it is meant for.
  [[nodiscard]] asio::io_context& io();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace waybill::api
