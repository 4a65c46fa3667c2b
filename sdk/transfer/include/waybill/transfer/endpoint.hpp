// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <curl/curl.h>

#include <waybill/host_gate.hpp>
#include <waybill/transfer/header_list.hpp>

namespace waybill::transfer {

/// TLS 1.2 or newer with verification of chain and name, always.
struct tls_options {
  std::string ca_pem;                  ///< trusted authorities in place of the system's; empty: the system's
  std::string client_certificate_pem;  ///< with its chain; empty: none
  std::string client_key_pem;
  std::string client_key_password;
};

struct proxy_options {
  std::string url;  ///< http://, https:// or socks5h://; empty: no proxy. The environment is never asked.
  std::string username;
  std::string password;
};

/// The network guard: may this resolved address (4 or 16 bytes, network order) be connected to? Asked right before each
/// connection is made, and again before each exchange on one that an earlier exchange opened. With a proxy it is asked about
/// the proxy, which resolves the destination itself. Reactor thread; must not block or throw.
using connect_guard = std::function<bool(const std::uint8_t* address, std::uint32_t size, std::uint16_t port)>;

enum class http_versions : std::uint8_t { one_only = 1, two_over_tls };
/// How a body leaves: as HTTP content, or as libcurl's upload (SMTP and its like).
enum class body_style : std::uint8_t { http = 1, upload };

struct endpoint_options {
  std::string url;  ///< default of its exchanges
  std::string method = "POST";
  header_list headers;  ///< sent with every exchange, after its own
  tls_options tls;
  proxy_options proxy;
  connect_guard guard;  ///< without one nothing is reached
  /// Is told of the connections: how many, how long they took, how many bytes. Nobody is without one.
  std::shared_ptr<sdk::host_gate> host;
  std::chrono::milliseconds connect_timeout{10'000};
  http_versions http = http_versions::two_over_tls;
  std::size_t max_answer_bytes = 65'536;  ///< kept of an answer; the rest is read and dropped
  std::string protocols = "http,https";
  body_style body = body_style::http;
  /// Further options of libcurl, set once per pooled handle after all others. Must not set what the library sets itself.
  std::function<void(CURL*)> configure;

  /// Sets guard and host to a handler's.
  void belong_to(std::shared_ptr<sdk::host_gate> gate);
};

/// All that repeats between the exchanges with one destination. Made by a handler when it opens, shared with the exchanges
/// under way, immutable. Pooled handles are kept set up for an endpoint, so an exchange costs only what is its own.
class endpoint {
public:
  explicit endpoint(endpoint_options options);
  [[nodiscard]] const endpoint_options& options() const { return options_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }  ///< never reused in this process
  /// The fixed headers as a list that others may end in. Never modified.
  [[nodiscard]] curl_slist* fixed_headers() const { return fixed_headers_; }

private:
  endpoint_options options_;
  std::uint64_t id_;
  curl_slist* fixed_headers_;  ///< into options_.headers
};
using endpoint_ptr = std::shared_ptr<const endpoint>;

/// Sets a process up for libcurl; false if it cannot be. Cheap after the first call.
[[nodiscard]] bool initialize();

}  // namespace waybill::transfer
