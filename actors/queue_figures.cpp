// SPDX-License-Identifier: Apache-2.0
#include "actors/queue_figures.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace waybill::actors {
namespace {

using sample = core::metrics::sample;

sample gauge(std::string name, std::string help, double value) { return {std::move(name), std::move(help), {}, value, false}; }

double seconds(core::milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

double age_seconds(const engine_context& context, std::optional<core::utc_time> created_at) {
  return created_at ? std::max(0.0, seconds(context.time.now() - *created_at)) : 0;
}

}  // namespace

core::node_pressure node_pressure_of(const engine_context& context, std::size_t most_organizations) {
  core::node_pressure p;
  p.waiting = context.ledger.whole();
  p.max_waiting = context.ledger.limit();
  p.in_flight = context.places.used();
  p.max_in_flight = context.places.limit();
  p.destinations_held_up = context.places.waiting();
  p.oldest_created_at = context.backlog.whole(p.waiting).oldest_created_at;
  p.lag = context.lag.whole(context.time.monotonic());
  auto under_way = context.places.by_organization();
  for (auto& depth : context.ledger.by_organization(most_organizations)) {
    const auto found = under_way.find(depth.organization);
    const auto in_flight = found == under_way.end() ? 0 : found->second;
    const auto oldest = context.backlog.of(depth.organization, depth.waiting).oldest_created_at;
    p.organizations.push_back({depth, in_flight, oldest});
  }
  return p;
}

void add_queue_samples(const engine_context& context, std::vector<sample>& to) {
  const auto p = node_pressure_of(context, context.settings.telemetry.organization_series);
  const auto all = context.backlog.whole(p.waiting);
  const auto count = [](auto number) { return static_cast<double>(number); };
  to.push_back(gauge("waybill_queue_waiting", "Tasks in the queue", count(p.waiting.total())));
  to.push_back(gauge("waybill_queue_waiting_limit", "Tasks in the queue at most (queue.maxWaiting)", count(p.max_waiting)));
  to.push_back(gauge("waybill_queue_pending", "Tasks not tried yet", count(p.waiting.pending)));
  to.push_back(gauge("waybill_queue_retrying", "Tasks that wait for a retry", count(p.waiting.retrying)));
  to.push_back(gauge("waybill_queue_parked", "Tasks parked by a breaker or a disabled destination", count(p.waiting.parked)));
  to.push_back(gauge("waybill_queue_due", "Tasks whose time has come, as of the last reading of the queue", count(all.due)));
  to.push_back(gauge("waybill_queue_oldest_age_seconds", "Age of the oldest waiting task, as of the last reading of the queue",
                     age_seconds(context, p.oldest_created_at)));
  to.push_back(gauge("waybill_attempts_in_flight", "Attempts under way", count(p.in_flight)));
  to.push_back(
      gauge("waybill_attempts_in_flight_limit", "Attempts under way at most (queue.maxInFlight)", count(p.max_in_flight)));
  to.push_back(gauge("waybill_destinations_held_up", "Destinations that wait for a place among the attempts under way",
                     count(p.destinations_held_up)));
  to.push_back(gauge("waybill_destinations_reduced", "Destinations served slower because they refuse deliveries",
                     count(context.reduced_destinations.load(std::memory_order_relaxed))));
  for (const auto& one : p.organizations) {
    const auto add = [&](const char* name, const char* help, double value) {
      to.push_back({name, help, {{"organization", one.depth.organization.to_string()}}, value, false});
    };
    add("waybill_organization_waiting", "Tasks in the queue of one organization", count(one.depth.waiting.total()));
    add("waybill_organization_parked", "Parked tasks of one organization", count(one.depth.waiting.parked));
    add("waybill_organization_in_flight", "Attempts under way of one organization", count(one.in_flight));
    add("waybill_organization_oldest_age_seconds", "Age of its oldest waiting task, as of the last reading of the queue",
        age_seconds(context, one.oldest_created_at));
  }
}

}  // namespace waybill::actors
