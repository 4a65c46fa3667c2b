// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace waybill::tests {

struct http_answer {
  int status = 0;                                   ///< 0: the connection ended without an answer
  std::multimap<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  /// The pointers of a problem's errors.
  [[nodiscard]] std::vector<std::string> pointers() const;
};

/// A blocking keep-alive connection that writes what it is told, byte for byte: tests break HTTP on purpose. Every read ends
/// after ten seconds at the latest.
class http_client {
public:
  using headers = std::vector<std::pair<std::string, std::string>>;

  /// address: "127.0.0.1:1234"
  explicit http_client(std::string address, std::string key = {});
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  http_answer request(const std::string& method, const std::string& target, const std::optional<std::string>& body = {},
                      const headers& extra = {});
  http_answer get(const std::string& target, const headers& extra = {}) { return request("GET", target, {}, extra); }
  http_answer post(const std::string& target, const std::string& body, const headers& extra = {}) {
    return request("POST", target, body, extra);
  }

  void send(std::string_view bytes);
  /// `bodiless`: the answer to a HEAD.
  http_answer receive(bool bodiless = false);
  /// The server has closed the connection (waits for it).
  bool closed();
  void reconnect();

private:
  bool fill();

  std::string address_;
  std::string key_;
  int socket_ = -1;
  std::string buffer_;
};

}  // namespace waybill::tests
