// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <waybill/handler.hpp>
#include <waybill/transfer/endpoint.hpp>

#include "mapping.hpp"

namespace waybill::database {

enum class tls_mode : std::uint8_t { verify_full = 1, verify_ca, require, disable };

/// Where the server is and who we are there.
struct server_settings {
  std::string host;
  std::uint16_t port = 5432;
  std::string database;
  std::string username;
  std::string password;
  tls_mode mode = tls_mode::verify_full;
  transfer::tls_options tls;
  std::string options;  ///< command-line options for the server, from a connection string
};

/// The table and what goes into it.
struct table_settings {
  std::string schema = "public";
  std::string table;
  std::string key_column = "idempotency_key";
  std::string reference_column;  ///< empty: none
  mapping values;
};

/// A destination's configuration: schema.json, read. Secrets in clear: it never leaves the plugin.
struct config {
  server_settings server;
  table_settings table;
  std::uint64_t max_payload = 16'777'216;
  std::size_t max_connections = 4;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds idle_timeout{60'000};
};

/// Reads a configuration and reports every fault that a schema cannot see (and a value of a wrong type, in case no schema
/// looked). Nothing if there was a fault. Pure.
[[nodiscard]] std::optional<config> parse_config(std::string_view json, sdk::fault_sink& faults);

/// Reads a connection string of libpq's into the parts it has. What is wrong with it, without quoting it; empty if nothing.
/// Refused is what would reach for the node's own files, sockets, services or identity, and several hosts.
[[nodiscard]] std::string read_connection_string(const std::string& text, server_settings& into);

}  // namespace waybill::database
