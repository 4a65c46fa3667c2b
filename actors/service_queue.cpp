// SPDX-License-Identifier: Apache-2.0
// The service's part for the queue and readiness.
#include <sys/statvfs.h>

#include <algorithm>

#include "actors/caf_compat.hpp"
#include "actors/engine_service.hpp"
#include "actors/messages.hpp"
#include "actors/queue_figures.hpp"

namespace waybill::actors {
namespace {

constexpr std::uint64_t least_free_bytes = 64u << 20;
constexpr std::size_t shown_organizations = 100;

}  // namespace

void engine_service::get_queue(const core::caller& who, core::reply<core::queue_report> reply) {
  read(who, allow::read, std::move(reply), [this, who](core::read_session& session) -> core::result<core::queue_report> {
    core::queue_report report;
    const auto depth = context_.ledger.of(who.organization);
    if (depth.total() >= backlog_view::long_queue) {
      report.stored = context_.backlog.of(who.organization, depth);
    } else {
      auto stats = session.queue(who.organization, context_.time.now());
      if (!stats) return core::fail(stats.error());
      report.stored = *stats;
    }
    report.max_waiting = context_.ledger.limit_of(who.organization);
    report.lag = context_.lag.of(who.organization, context_.time.monotonic());
    if (who.roles.has(core::role::engine)) {
      report.node = node_pressure_of(context_, shown_organizations);
      report.in_flight = context_.places.used();
      report.active_destinations = context_.directory.size();
    }
    return report;
  });
}

void engine_service::check_readiness(core::reply<core::readiness> reply) {
  core::readiness found;
  const auto add = [&](const char* name, bool ok, std::string detail) {
    found.checks.push_back({name, ok, std::move(detail)});
  };
  const bool stored = context_.writer->healthy();
  add("store", stored, stored ? "" : "the last commit failed; it is tried again");
  const auto types = context_.plugins.types().size();
  add("plugins", types > 0, types > 0 ? std::to_string(types) + " loaded" : "no plugin is loaded");
  struct statvfs disk {};
  const bool seen = ::statvfs(context_.settings.data_dir.c_str(), &disk) == 0;
  const auto free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  add("disk", seen && free_bytes >= least_free_bytes, std::to_string(free_bytes >> 20) + " MiB free");
  const bool stopping = context_.draining.load();
  add("accepting", !stopping, stopping ? "the node is shutting down" : "");
  found.ready = std::all_of(found.checks.begin(), found.checks.end(), [](const auto& check) { return check.ok; });
  reply(std::move(found));
}

}  // namespace waybill::actors
