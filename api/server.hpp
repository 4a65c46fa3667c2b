// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/client_address.hpp"
#include "core/config/config.hpp"
#include "core/model/error.hpp"
#include "core/model/time.hpp"
#include "core/service.hpp"
#include "core/telemetry/metrics.hpp"

namespace waybill::api {

/// What the server needs of a node's settings; the meaning of each is told in core/config/config.hpp.
struct http_options {
  std::string listen = "127.0.0.1:8080";  ///< ADDRESS:PORT, [ADDRESS]:PORT for IPv6; port 0 takes a free one
  std::string public_url;                 ///< empty: http://<listen>
  std::vector<std::string> trusted_proxies;
  forwarded_header forwarded_from = forwarded_header::x_forwarded_for;
  std::uint32_t threads = 1;
  std::uint64_t max_body_bytes = 1'048'576;
  std::uint32_t max_connections = 4'096;
  std::uint32_t max_header_bytes = 16'384;
  std::uint32_t max_url_bytes = 8'192;
  std::uint32_t max_json_depth = 64;
  std::chrono::milliseconds read_timeout{30'000};
  std::chrono::milliseconds idle_timeout{75'000};
  std::chrono::milliseconds request_timeout{30'000};
  double key_requests_per_second = 0;
  std::uint32_t key_burst = 0;
  double organization_requests_per_second = 0;
  std::uint32_t organization_burst = 0;
  std::chrono::milliseconds upload_idle_timeout{60'000};
  bool serve_metrics = true;

  [[nodiscard]] static http_options from(const core::config& settings);
};

/// The REST surface: listens, and answers every request with what the delivery service says (api.md). Made by the node after
/// the engine is up, stopped by it before the engine goes. Runs `threads` threads of its own, each with its share of the
/// connections; the service is called on them and may answer from any thread. Knows no actors and keeps nothing.
///
/// The service, the metrics and the clock outlive the server. Replies that come after `stop` are dropped.
class http_server {
public:
  /// Listens when it returns. validation_error for an address that cannot be read or taken, with the reason.
  [[nodiscard]] static core::result<std::unique_ptr<http_server>> start(http_options options, core::delivery_service& service,
                                                                        core::metrics& metrics, const core::clock& clock);
  ~http_server();  ///< stops
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Where it listens, with the port it was given: "127.0.0.1:40123".
  [[nodiscard]] std::string address() const;
  /// What links begin with: the setting, or "http://" and where it listens.
  [[nodiscard]] std::string public_url() const;
  /// First half of a stop: no new connections; requests under way are answered, new ones on open connections get a 503
  /// SHUTTING_DOWN (liveness and metrics still answer). Returns once the port is closed.
  void stop_accepting();
  /// Answers what is still waiting with 503, closes every connection and ends the threads. Blocks until they ended.
  void stop();

private:
  struct parts;
  explicit http_server(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

}  // namespace waybill::api
