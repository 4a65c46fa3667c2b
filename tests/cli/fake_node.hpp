// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace waybill::cli::testing {

struct received {
  std::string method;
  std::string target;                          ///< path with query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

struct canned {
  int status = 200;
  std::string body = "{}";
  std::vector<std::string> headers{};  ///< "Name: value"
  bool drop = false;                   ///< close the connection instead of an answer
};

/// A small HTTP server that answers as a test says and keeps what it was asked. Listens on a free port of loopback, one
/// thread per connection, which is enough for a handful of them. `answer` is called with the lock held: one at a time.
class fake_node {
public:
  using handler = std::function<canned(const received&)>;

  explicit fake_node(handler answer);
  ~fake_node();
  fake_node(const fake_node&) = delete;
  fake_node& operator=(const fake_node&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<received> requests() const;
  /// The one request there was; fails the test if there were more or none.
  [[nodiscard]] received only_request() const;

private:
  void accept_loop();
  void serve(int socket);

  handler answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  ///< guards what follows
  std::vector<received> requests_;
  std::set<int> open_;
  std::vector<std::thread> connections_;
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
};

}  // namespace waybill::cli::testing
