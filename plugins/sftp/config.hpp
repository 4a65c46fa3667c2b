// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <waybill/handler.hpp>
#include <waybill/transfer/path_template.hpp>

#include "host_keys.hpp"

namespace waybill::sftp {

enum class auth_kind : std::uint8_t { password = 1, private_key };
enum class existing_file : std::uint8_t { overwrite = 1, fail };
enum class verification : std::uint8_t { size = 1, content };

/// A destination's configuration: schema.json, read. Secrets in clear: it never leaves the plugin.
struct config {
  std::string host;
  std::uint16_t port = 22;
  std::string username;
  auth_kind auth = auth_kind::password;
  std::string password;
  std::string private_key;
  std::string passphrase;
  host_keys keys;
  transfer::path_template path;
  transfer::path_template filename;
  existing_file if_exists = existing_file::overwrite;
  bool create_directories = true;
  std::optional<std::uint32_t> file_mode;
  std::optional<std::uint32_t> directory_mode;
  verification verify = verification::size;
  bool resume = true;
  bool sync = false;
  std::size_t max_sessions = 4;
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds idle_timeout{60'000};
  bool legacy_algorithms = false;
};

/// Reads a configuration and reports every fault that a schema cannot see (and a value of a wrong type, in case no schema
/// looked). Nothing if there was a fault. Pure.
[[nodiscard]] std::optional<config> parse_config(std::string_view json, sdk::fault_sink& faults);

}  // namespace waybill::sftp
