// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <waybill/transfer/exchange.hpp>

namespace waybill::transfer {

struct reactor_options {
  std::string thread_name = "wb-transfer";  ///< at most 15 characters
  long max_idle_connections = 1'024;        ///< kept open for reuse
  std::size_t max_idle_handles = 256;       ///< easy handles kept set up
};

/// Performs exchanges: one thread on epoll and libcurl's multi interface, and one worker thread, started on first use, for
/// what blocks (body sources, offload). A plugin has one for all of its handlers, so connections are shared among them.
/// Thousands of hanging exchanges cost memory, not CPU.
/// THREAD: every member from any thread. Nothing blocks but the destructor, which ends what is under way as canceled.
class reactor {
public:
  explicit reactor(reactor_options options = {});
  ~reactor();
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  void submit(std::unique_ptr<exchange> what);
  /// Ends the exchange with this id as canceled, if it is under way.
  void cancel(std::uint64_t id);
  /// Runs `job` on the reactor thread, soon. Must not block or throw.
  void post(std::function<void()> job);
  /// Runs `job` on the worker thread, in order. May block, must not throw.
  void offload(std::function<void()> job);

private:
  class state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::transfer
