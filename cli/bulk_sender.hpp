// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/rest_client.hpp"

namespace waybill::cli {

/// One request of many. Every one carries an idempotency key, so it may be sent again when its answer was lost.
struct bulk_item {
  std::string name;  ///< what messages call it
  http_request request;
  int tries = 0;
};

/// Sends many requests over a few connections on one thread (libcurl's multi interface). Asks `next` for the following item
/// only when a connection is free, so a file of any length passes without being held. What the node refuses for now (429,
/// 503) and what got no answer is tried again, after Retry-After where there is one; the last answer counts.
class bulk_sender {
public:
  using source = std::function<std::optional<bulk_item>()>;
  using sink = std::function<void(const bulk_item&, outcome<rest_answer>)>;

  bulk_sender(const rest_client& rest, std::size_t connections, int max_tries);
  ~bulk_sender();
  bulk_sender(const bulk_sender&) = delete;
  bulk_sender& operator=(const bulk_sender&) = delete;

  /// Blocks until `next` has nothing more and every answer went to `done`.
  void run(const source& next, const sink& done);

private:
  using clock = std::chrono::steady_clock;
  struct lane;
  struct waiting_item {
    clock::time_point when;
    bulk_item item;
  };
  struct multi_closer {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
  };

  void fill(const source& next);
  [[nodiscard]] std::optional<bulk_item> take(const source& next);
  void collect(const sink& done);
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] int milliseconds_to_wait() const;

  const rest_client& rest_;
  int max_tries_;
  std::unique_ptr<CURLM, multi_closer> multi_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::vector<waiting_item> waiting_;
  bool exhausted_ = false;
};

}  // namespace waybill::cli
