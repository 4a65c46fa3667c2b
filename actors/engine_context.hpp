// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "actors/audit_notes.hpp"
#include "actors/backlog_view.hpp"
#include "actors/commit_relay.hpp"
#include "actors/directory.hpp"
#include "core/config/config.hpp"
#include "core/links/link_options.hpp"
#include "core/links/link_token.hpp"
#include "core/links/public_address.hpp"
#include "core/payload/payload_intake.hpp"
#include "core/payload/payload_source.hpp"
#include "core/plugin_host/handler.hpp"
#include "core/queue/fair_places.hpp"
#include "core/queue/queue_ledger.hpp"
#include "core/queue/retry_lag.hpp"
#include "core/queue/window_budget.hpp"
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
                 const core::secret_box& b, const core::link_signer& l)
      : settings(s),
        time(t),
        readers(r),
        plugins(p),
        figures(f),
        box(b),
        links(l),
        window_memory(s.queue.window_memory),
        places(s.queue.max_in_flight),
        ledger(s.queue.max_waiting, s.queue.max_waiting_per_organization),
        payloads(r) {}

  const core::config& settings;
  const core::clock& time;
  core::store_readers& readers;
  core::plugin_host& plugins;
  core::metrics& figures;
  const core::secret_box& box;
  const core::link_signer& links;
  core::public_address address;
  core::store_writer* writer = nullptr;  ///< set right after its start: it is started with this context's relay
  std::shared_ptr<core::handler_services> services;
  std::map<std::string, core::config_schema, std::less<>> schemas;  ///< of every loaded type
  destination_directory directory;
  commit_relay relay;
  security_audit denied{time};
  core::window_budget window_memory;
  core::fair_places places;
  core::queue_ledger ledger;
  core::retry_lag lag;
  backlog_view backlog;
  std::atomic<std::uint32_t> reduced_destinations{0};  ///< served slower than configured, because they refuse
  core::payload_source payloads;
  core::payload_intake* uploads = nullptr;  ///< set as the writer is
  std::uint64_t epoch = 0;                  ///< of this node's ownership of its shards
  std::atomic<bool> draining{false};
  std::atomic<std::int64_t> next_deadline{std::numeric_limits<std::int64_t>::max()};  ///< that the scheduler knows of, in ms
  std::function<void(core::utc_time)> on_earlier_deadline = [](core::utc_time) {};    ///< set before the first actor runs

  /// Sees to it that what is late by then is ended. Thread-safe; a message only when it is earlier than all others.
  void note_deadline(core::utc_time at) {
    const auto ms = core::to_unix_ms(at);
    for (auto known = next_deadline.load(); ms < known;)
      if (next_deadline.compare_exchange_weak(known, ms)) return on_earlier_deadline(at);
  }

  /// The additional data a secret of a destination is sealed with.
  [[nodiscard]] static std::string seal_context(core::organization_id org, core::destination_id id) {
    return org.to_string() + "/" + id.to_string();
  }
};

}  // namespace waybill::actors
