// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "core/plugin_host/handler.hpp"

namespace waybill::core {

class handler_instance;

/// The calls under way in all plugins of this process, by token. Process-wide because `wb_host.complete` has nothing but the
/// token to go by. A token leaves the table when the plugin completes it, so a second completion finds nothing; a cancelled
/// one stays until then, marked, because the plugin still owes its completion and its handler may not be closed before.
///
/// Tokens are never 0 and never repeat: a counter sent through a bijection of 64 bits with a random start. That scatters
/// them over the shards and makes a stale or invented number miss; it is no defence against a hostile plugin, which shares
/// our memory anyway. Thread-safe; a shard's lock is held for a hash look-up only.
class token_table {
public:
  using token = handler::token;
  struct call {
    std::shared_ptr<handler_instance> owner;  ///< kept alive by the plugin's obligation
    handler::completion done;                 ///< empty once cancelled
    bool is_started = false;                  ///< the plugin has seen the token
    bool is_cancelled = false;
  };
  enum class cancelled : std::uint8_t { unknown = 1, before_start, under_way };

  [[nodiscard]] static token_table& of_process();

  [[nodiscard]] token add(std::shared_ptr<handler_instance> owner, handler::completion done);
  /// Right before the hook; false if the call was cancelled meanwhile.
  [[nodiscard]] bool start(token which);
  /// Somebody still waits for its outcome: neither completed nor cancelled.
  [[nodiscard]] bool is_awaited(token which);
  /// Takes the call out; nothing if there is none. Called by whoever ends it.
  [[nodiscard]] std::optional<call> take(token which);
  /// `done` will not be called after this, unless it is being called right now. before_start: the token is gone.
  /// A token of another owner is unknown.
  cancelled cancel(token which, const handler_instance* owner);

private:
  struct alignas(64) shard {
    std::mutex lock;
    std::unordered_map<token, call> calls;
  };

  token_table();
  shard& shard_of(token which) { return shards_[which % shards_.size()]; }
  token next();

  const std::uint64_t start_;
  std::atomic<std::uint64_t> sequence_{0};
  std::array<shard, 64> shards_;
};

}  // namespace waybill::core
