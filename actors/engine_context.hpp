// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "actors/commit_relay.hpp"
#include "actors/directory.hpp"
#include "core/config/config.hpp"
#include "core/plugin_host/handler.hpp"
#include "core/queue/in_flight_limit.hpp"
#include "core/schema/config_schema.hpp"
#include "core/security/secret_box.hpp"
#include "core/store/store_readers.hpp"
#include "core/store/store_writer.hpp"
#include "core/telemetry/metrics.hpp"

namespace waybill::actors {

/// What all actors of a node share. Owned by the engine, which outlives them; every member is thread-safe or set before the
/// first actor runs. Actors hold it by reference.
struct engine_context {
  engine_context(const core::config& s, const core::clock& t, core::store_readers& r, core::plugin_host& p, core::metrics& f,
                 const core::secret_box& b)
      : settings(s), time(t), readers(r), plugins(p), figures(f), box(b), places(s.queue.max_in_flight) {}

  const core::config& settings;
  const core::clock& time;
  core::store_readers& readers;
  core::plugin_host& plugins;
  core::metrics& figures;
  const core::secret_box& box;
  core::store_writer* writer = nullptr;  ///< set right after its start: it is started with this context's relay
  std::shared_ptr<core::handler_services> services;
  std::map<std::string, core::config_schema, std::less<>> schemas;  ///< of every loaded type
  destination_directory directory;
  commit_relay relay;
  core::in_flight_limit places;
  std::uint64_t epoch = 0;               ///< of this node's ownership of its shards
  std::atomic<std::int64_t> waiting{0};  ///< tasks in the queue
  std::atomic<bool> draining{false};

  /// The additional data a secret of a destination is sealed with.
  [[nodiscard]] static std::string seal_context(core::organization_id org, core::destination_id id) {
    return org.to_string() + "/" + id.to_string();
  }
};

}  // namespace waybill::actors
