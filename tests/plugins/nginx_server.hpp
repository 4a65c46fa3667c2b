// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::testing {

/// A folder that goes with its object.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  void write(const std::string& name, std::string_view text) const;
  [[nodiscard]] std::string read(const std::string& name) const;

private:
  std::string path_;
};

/// A program that runs until its object ends.
class child_process {
public:
  /// `arguments[0]` is looked for in PATH; `environment` is added to ours. Standard output goes to `output`, a file.
  child_process(const std::vector<std::string>& arguments, const std::string& output,
                const std::vector<std::string>& environment = {});
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  /// The exit code; waits for the end.
  int wait();

private:
  pid_t pid_ = -1;
};

/// Runs a program to its end; the exit code.
int run(const std::vector<std::string>& arguments, const std::string& output);
/// A port that nobody listens on just now.
[[nodiscard]] std::uint16_t free_port();
/// Waits until somebody listens; false after ten seconds.
[[nodiscard]] bool listens(std::uint16_t port);

/// Certificates made with openssl: an authority, a server at localhost and 127.0.0.1, a client, and a stranger.
struct certificates {
  temporary_folder folder;  ///< ca.pem server.pem server.key client.pem client.key other-ca.pem
  certificates();
};

/// nginx on free ports of the loopback, with what a receiver can do to a sender: see the .cpp for its locations. One for
/// the process, started at first use.
class nginx_server {
public:
  static nginx_server& instance();
  [[nodiscard]] std::string http(std::string_view path) const;   ///< http://127.0.0.1:…
  [[nodiscard]] std::string https(std::string_view path) const;  ///< https://127.0.0.1:…, HTTP/2 offered
  [[nodiscard]] std::string mtls(std::string_view path) const;   ///< wants a certificate of our authority
  [[nodiscard]] std::uint16_t port() const { return http_; }
  [[nodiscard]] const certificates& tls() const { return tls_; }
  /// What nginx logged of requests to /log and its like, a JSON object a line.
  [[nodiscard]] std::string log() const { return folder_.read("requests.log"); }

private:
  nginx_server();
  temporary_folder folder_;
  certificates tls_;
  std::uint16_t http_;
  std::uint16_t https_;
  std::uint16_t mtls_;
  child_process* process_;
};

}  // namespace waybill::testing
