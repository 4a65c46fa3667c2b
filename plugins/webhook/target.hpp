// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <waybill/host_gate.hpp>
#include <waybill/transfer/jwt.hpp>
#include <waybill/transfer/reactor.hpp>
#include <waybill/transfer/record.hpp>
#include <waybill/transfer/token_source.hpp>

#include "config.hpp"
#include "signature.hpp"

namespace waybill::webhook {

/// The one reactor of this plugin. Made on first use and never taken down: the engine does not unload plugins, and closes
/// every handler before it ends.
[[nodiscard]] transfer::reactor& plugin_reactor();

/// All of one destination that its attempts share: what was derived from the configuration, once. Made by open; shared by
/// the handler and by the attempts under way, which may outlive it by a moment.
class target {
public:
  target(config settings, sdk::handler_context context);

  // Constant after construction; signatures are made by deliver only, which never runs twice at once.
  const config settings;
  const std::shared_ptr<sdk::host_gate> host;
  transfer::endpoint_ptr endpoint;
  transfer::redactor secrets;
  signer signatures;
  std::shared_ptr<transfer::token_source> tokens;  ///< with OAuth 2.0
  std::unique_ptr<transfer::jwt_signer> jwt;       ///< with JWT
  std::atomic<bool> told_of_413{false};            ///< the operator has been told that batches are too large

  /// An attempt before its request is under way (its body is being hashed, its token fetched). The reactor cannot cancel
  /// it yet, so it is remembered here.
  void preparing(std::uint64_t token);
  /// Its preparation is over. False if it was canceled meanwhile.
  [[nodiscard]] bool prepared(std::uint64_t token);
  [[nodiscard]] bool canceled_preparing(std::uint64_t token);
  /// True if it was in preparation and will find itself canceled.
  bool cancel_preparing(std::uint64_t token);

  /// Calls that go out together in the request with this id. cancel_in_batch: the request that is to be canceled because
  /// of this token: its own number if it is in no batch, 0 while others of its batch are still wanted.
  void enter_batch(std::uint64_t request, const std::vector<wb_token>& calls);
  void leave_batch(wb_token token);
  [[nodiscard]] std::uint64_t cancel_in_batch(wb_token token);
  [[nodiscard]] bool canceled_in_batch(wb_token token);

  void enter() { under_way_.fetch_add(1, std::memory_order_relaxed); }
  void leave();
  /// Waits until no attempt is left, or until `limit`.
  void wait_idle(std::chrono::milliseconds limit);

private:
  [[nodiscard]] transfer::endpoint_options way() const;
  [[nodiscard]] transfer::endpoint_options delivery_way() const;
  void learn_secrets();

  std::mutex mutex_;
  std::condition_variable idle_;
  /// One call of a batch; `wanted` is shared by all of them: how many are not canceled.
  struct batched {
    std::uint64_t request;
    std::shared_ptr<std::size_t> wanted;
    bool canceled = false;
  };
  std::unordered_map<std::uint64_t, bool> preparing_;  ///< guarded; true: canceled
  std::unordered_map<wb_token, batched> batched_;      ///< guarded
  std::atomic<std::size_t> under_way_{0};
};

}  // namespace waybill::webhook
