// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../nginx_server.hpp"

namespace waybill::testing {

/// Ceph's S3, with a bucket of its own for each test, and the programs that look at it independently. One for the process,
/// started at first use: that takes eleven seconds.
class radosgw_server {
public:
  static radosgw_server& instance();
  [[nodiscard]] std::string endpoint() const;  ///< http://127.0.0.1:…
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Makes a bucket that no other test has.
  [[nodiscard]] std::string new_bucket();
  /// `config` of a destination with path style and the user's key.
  [[nodiscard]] nlohmann::json place(const std::string& bucket) const;

  /// Runs the AWS command line with JSON output; fails the test if it fails.
  [[nodiscard]] nlohmann::json aws(std::vector<std::string> arguments) const;
  /// Content of an object by the AWS command line.
  [[nodiscard]] std::string object(const std::string& bucket, const std::string& key) const;
  /// SHA-256 of an object, in hex, computed by rclone from what it downloads.
  [[nodiscard]] std::string sha256_by_rclone(const std::string& bucket, const std::string& key) const;
  void put(const std::string& bucket, const std::string& key, const std::string& bytes) const;
  [[nodiscard]] std::vector<std::string> keys(const std::string& bucket) const;
  /// Uploads in parts that were begun and not ended.
  [[nodiscard]] std::size_t open_uploads(const std::string& bucket) const;

private:
  radosgw_server();
  [[nodiscard]] std::vector<std::string> with_key(std::vector<std::string> command) const;

  temporary_folder folder_;
  std::uint16_t port_;
  std::unique_ptr<child_process> process_;
  int buckets_ = 0;
};

/// Services that give credentials to roles (credential_services.py); those of a session that radosgw's STS has begun.
class credential_services {
public:
  static credential_services& instance();
  [[nodiscard]] std::string url(const std::string& path = {}) const { return "http://127.0.0.1:" + port_ + path; }
  /// How often credentials were given.
  [[nodiscard]] int given() const;

private:
  credential_services();
  temporary_folder folder_;
  std::unique_ptr<child_process> process_;
  std::string port_;
};

}  // namespace waybill::testing
