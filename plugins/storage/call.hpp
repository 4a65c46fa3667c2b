// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <waybill/transfer/reactor.hpp>

namespace waybill::storage {

/// The one reactor of this plugin. Made on first use and never taken down: the engine does not unload plugins, and closes
/// every handler before it ends.
[[nodiscard]] transfer::reactor& plugin_reactor();

/// One piece of work from start to end: a delivery, a batch, a connection test, a sweep. It may take many requests; all of
/// them end when it is canceled or its time is up. Shared by the handler, which may cancel it, and by whatever works for it
/// just now. Thread-safe.
class call {
public:
  using clock = transfer::exchange::clock;
  using answered = std::function<void(const transfer::exchange& sent, const transfer::outcome& what)>;

  /// `deadline`: of the whole. `timeout`: of each request, or of each stretch without progress while its body streams.
  call(clock::time_point deadline, std::chrono::milliseconds timeout) : deadline_(deadline), timeout_(timeout) {}

  /// One request of this call: method, url, headers and body filled in. `then` is called once, on the reactor thread, with
  /// views that live until it returns; what it throws ends nothing, so it must not.
  struct request {
    std::string method;
    std::string url;
    transfer::header_list headers;
    transfer::body body;
  };
  static void send(std::shared_ptr<call> self, transfer::endpoint_ptr to, request what, answered then);
  /// Takes part of `what` before it leaves: for signing, which needs all of it.
  using finisher = std::function<void(transfer::exchange& what)>;
  static void send(std::shared_ptr<call> self, transfer::endpoint_ptr to, request what, const finisher& finish, answered then);

  /// From any thread. What is under way ends as canceled, what comes later too.
  void cancel();
  /// The same, but only because the handler is being closed: what was begun may be taken up again later.
  void suspend();
  [[nodiscard]] bool canceled() const;
  [[nodiscard]] bool suspended() const;
  [[nodiscard]] bool late() const { return clock::now() > deadline_; }
  [[nodiscard]] clock::time_point deadline() const { return deadline_; }

private:
  class exchange;
  void ended(std::uint64_t id);

  const clock::time_point deadline_;
  const std::chrono::milliseconds timeout_;
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> under_way_;  ///< guarded: ids of exchanges
  bool canceled_ = false;                 ///< guarded
  bool suspended_ = false;                ///< guarded
};
using call_ptr = std::shared_ptr<call>;

}  // namespace waybill::storage
