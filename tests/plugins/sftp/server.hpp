// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../handler_box.hpp"
#include "../nginx_server.hpp"

namespace waybill::testing {

/// The built sftp plugin, loaded once.
[[nodiscard]] const loaded_plugin& sftp();

/// An SFTP server in a folder of its own (tests/peers/sftp-server).
class sftp_server {
public:
  explicit sftp_server(const std::string& kind = "openssh", const std::vector<std::string>& settings = {});
  /// One OpenSSH server and one ProFTPD for all tests that do nothing to them.
  static sftp_server& openssh();
  static sftp_server& proftpd();

  /// A configuration that works, by password, into `folder` of the user's home.
  [[nodiscard]] nlohmann::json config(const std::string& folder = "in") const;
  [[nodiscard]] nlohmann::json by_key(const std::string& key, const std::string& passphrase = {}) const;
  [[nodiscard]] std::string fingerprint(const std::string& host_key) const;
  [[nodiscard]] std::string key(const std::string& name) const { return folder_.read(name); }
  /// Lines as of a known_hosts file.
  [[nodiscard]] std::string known_hosts(const std::vector<std::string>& host_keys) const;
  /// A file below the home folder.
  [[nodiscard]] std::string read(const std::string& path) const { return folder_.read("data/" + path); }
  [[nodiscard]] bool exists(const std::string& path) const;
  /// Files below a folder of the home folder, hidden ones too, sorted.
  [[nodiscard]] std::vector<std::string> files(const std::string& folder) const;
  [[nodiscard]] std::string home() const { return folder_.path() + "/data"; }
  [[nodiscard]] std::string log() const { return folder_.read("log"); }
  [[nodiscard]] std::size_t sessions() const;  ///< that authenticated, by the server's log
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void end() { process_.reset(); }

private:
  temporary_folder folder_;
  std::string kind_;
  std::uint16_t port_ = 0;
  std::unique_ptr<child_process> process_;
};

/// A proxy on a port of its own that cuts the connection after so many bytes towards the server, or stops passing them on.
class cutting_proxy {
public:
  enum class what : std::uint8_t { cut = 1, freeze };
  cutting_proxy(std::uint16_t target, std::uint64_t after, what then = what::cut);
  ~cutting_proxy();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint64_t passed() const;

private:
  struct state;
  std::shared_ptr<state> state_;
  std::uint16_t port_;
};

}  // namespace waybill::testing
