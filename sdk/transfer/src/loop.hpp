// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <curl/curl.h>

#include <waybill/transfer/reactor.hpp>

#include "handle_pool.hpp"
#include "live_exchange.hpp"
#include "socket_set.hpp"
#include "tally.hpp"

namespace waybill::transfer {

/// The reactor thread's own side: libcurl's multi handle, its sockets and its one timer. Every member runs on the reactor
/// thread but the constructor and wake().
class loop final : public socket_owner {
public:
  using clock = std::chrono::steady_clock;
  using runner = std::function<void(std::function<void()>)>;

  /// `offload` brings a job to the worker, `post` one to the reactor thread, each from any thread.
  loop(const reactor_options& options, runner offload, runner post);
  ~loop() override;

  /// It starts in its turn.
  void submit(std::unique_ptr<exchange> what) { in_line_.push_back(std::move(what)); }
  /// Starts the next of those in line: a few only, so that the answers to the last few are read before more is asked. With
  /// quick receivers as many connections are in use as that takes, not one for each submission of a burst.
  void start_some();
  [[nodiscard]] bool has_line() const { return !in_line_.empty(); }
  void cancel(std::uint64_t id);
  void cancel_all();
  /// Runs what is due and ends what libcurl has finished.
  void work();
  /// Waits for a socket, the timer or wake(), or looks without waiting; hands the events to libcurl, and ends what that
  /// finished: its handle and connection are there for the next.
  void wait(bool may_block);
  /// Ends a wait. THREAD: any.
  void wake() { sockets_.wake(); }

  curl_socket_t open_socket(const curl_sockaddr& address) override { return sockets_.open(address); }
  void close_socket(curl_socket_t socket) override { sockets_.close(socket); }

private:
  [[nodiscard]] int wait_ms() const;
  void start(std::unique_ptr<exchange> what);
  void end_finished();
  void tidy();
  [[nodiscard]] std::unique_ptr<exchange> take_from_line(std::uint64_t id);
  [[nodiscard]] std::shared_ptr<body_feed> feed_for(const exchange& what, std::uint64_t feed);
  void finish(std::unique_ptr<live_exchange> live, const outcome& what);
  [[nodiscard]] std::unique_ptr<live_exchange> take_out(live_exchange* live);
  void resume(std::uint64_t feed);
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long timeout_ms, void* self);

  runner offload_;
  runner post_;
  socket_set sockets_;
  CURLM* multi_;
  handle_pool pool_;
  tally tally_;
  clock::time_point timer_ = clock::time_point::max();
  clock::time_point now_ = clock::now();  ///< of this turn
  clock::time_point tidy_at_ = now_;
  std::deque<std::unique_ptr<exchange>> in_line_;              ///< submitted, not started
  std::vector<std::unique_ptr<live_exchange>> under_way_;      ///< each knows its place
  std::unordered_map<std::uint64_t, live_exchange*> by_id_;    ///< those that can be canceled
  std::unordered_map<std::uint64_t, live_exchange*> by_feed_;  ///< those whose body has a source
  std::uint64_t last_feed_ = 0;
};

}  // namespace waybill::transfer
