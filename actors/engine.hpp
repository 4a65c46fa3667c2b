// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>

#include "core/config/config.hpp"
#include "core/plugin_host/handler.hpp"
#include "core/security/secret_box.hpp"
#include "core/service.hpp"
#include "core/store/store.hpp"
#include "core/telemetry/metrics.hpp"

namespace waybill::actors {

/// The engine at run time: store writer and readers, the actor system with intake, registry, scheduler and a destination
/// actor for every active destination, and the service that the api floor calls. Made by the node, one a process. Starting
/// takes over the shards and wakes every destination that has due work; what is handed in must outlive it.
class engine {
public:
  struct parts {
    const core::config& settings;
    const core::clock& time;
    core::store& storage;
    core::plugin_host& plugins;
    core::metrics& figures;
    core::master_key key;
  };

  [[nodiscard]] static core::result<std::unique_ptr<engine>> start(const parts& with);
  ~engine();  ///< stop, with no time for what is under way
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  [[nodiscard]] core::delivery_service& service();
  /// What links to this node begin with, known now that it listens. Until then whoever makes a link waits.
  void listens_at(const std::string& public_url);
  /// Refuses new deliveries, lets attempts under way finish for at most `grace`, hands back the rest (they stay due in the
  /// store), commits everything. Returns true if nothing had to be handed back. Blocks; once.
  bool stop(std::chrono::milliseconds grace);

private:
  engine();
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace waybill::actors
