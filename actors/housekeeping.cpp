// SPDX-License-Identifier: Apache-2.0
#include "actors/housekeeping.hpp"

#include <string>
#include <utility>

namespace waybill::actors {
namespace {

// Counting walks the whole queue. It gets at most half a percent of one core, so that a long backlog delays nobody's delivery.
constexpr int rest_per_work = 200;
constexpr std::uint32_t sweep_limit = 500;  // rows per transaction: the writer must not be held up

core::metrics::sample gauge(std::string name, std::string help, double value) {
  return {std::move(name), std::move(help), {}, value, false};
}
core::metrics::sample counter(std::string name, std::string help, double value) {
  return {std::move(name), std::move(help), {}, value, true};
}

}  // namespace

housekeeping::housekeeping(engine_context& context, key_ring& keys)
    : context_(context), keys_(keys), figures_(std::make_shared<figures>()) {
  context_.figures.add_collector([this] { return samples(); });
  read_figures();
}

void housekeeping::run() {
  sweep();
  read_figures();
  auto used = keys_.take_used();
  if (used.empty()) return;
  context_.writer->run([used = std::move(used)](core::write_session& session) { return session.touch_keys(used); },
                       [](const core::result<void>&) {});
}

void housekeeping::sweep() {
  context_.writer->run(
      [now = context_.time.now()](core::write_session& session) -> core::result<void> {
        if (auto swept = session.sweep_idempotency(now, sweep_limit); !swept) return core::fail(swept.error());
        return {};
      },
      [](const core::result<void>&) {});
}

void housekeeping::read_figures() {
  {
    std::lock_guard lock(figures_->mutex);
    if (context_.time.monotonic() < figures_->not_before) return;
  }
  context_.readers.run([kept = figures_, &time = context_.time](core::read_session* session) {
    if (session == nullptr) return;
    const auto begun = time.monotonic();
    auto totals = session->reconcile();
    auto queue = session->whole_queue(time.now());
    const auto ended = time.monotonic();
    std::lock_guard lock(kept->mutex);
    kept->not_before = ended + (ended - begun) * rest_per_work;
    if (!totals || !queue) return;
    kept->totals = *totals;
    kept->queue = *queue;
    kept->oldest_age_ms = queue->oldest_created_at ? (time.now() - *queue->oldest_created_at).count() : 0;
    kept->known = true;
  });
}

std::vector<core::metrics::sample> housekeeping::samples() const {
  std::vector<core::metrics::sample> out;
  {
    std::lock_guard lock(figures_->mutex);
    if (figures_->known) {
      const auto& t = figures_->totals;
      const auto& q = figures_->queue;
      out.push_back(counter("waybill_reconciliation_accepted_total", "Tasks ever accepted", static_cast<double>(t.accepted)));
      out.push_back(
          counter("waybill_reconciliation_delivered_total", "Tasks ever delivered", static_cast<double>(t.delivered)));
      out.push_back(gauge("waybill_reconciliation_failed", "Tasks that are dead letters", static_cast<double>(t.failed)));
      out.push_back(
          counter("waybill_reconciliation_cancelled_total", "Tasks ever cancelled", static_cast<double>(t.cancelled)));
      out.push_back(gauge("waybill_reconciliation_waiting", "Tasks in the queue", static_cast<double>(t.waiting)));
      out.push_back(gauge("waybill_reconciliation_difference", "accepted - delivered - failed - cancelled - waiting: must be 0",
                          static_cast<double>(t.difference())));
      out.push_back(gauge("waybill_queue_due", "Tasks whose time has come", static_cast<double>(q.due)));
      out.push_back(
          gauge("waybill_queue_parked", "Tasks parked by a breaker or a disabled destination", static_cast<double>(q.parked)));
      out.push_back(gauge("waybill_queue_retrying", "Tasks that wait for a retry", static_cast<double>(q.retrying)));
      out.push_back(gauge("waybill_queue_oldest_age_seconds", "Age of the oldest waiting task",
                          static_cast<double>(figures_->oldest_age_ms) / 1'000));
    }
  }
  const auto written = context_.writer->stats();
  out.push_back(counter("waybill_store_commits_total", "Transactions committed", static_cast<double>(written.commits)));
  out.push_back(counter("waybill_store_operations_total", "Operations committed", static_cast<double>(written.operations)));
  out.push_back(
      counter("waybill_store_failed_commits_total", "Transactions that failed", static_cast<double>(written.failed_commits)));
  out.push_back(
      gauge("waybill_store_waiting", "Operations waiting for the store writer", static_cast<double>(written.waiting)));
  out.push_back(gauge("waybill_attempts_in_flight", "Attempts under way", static_cast<double>(context_.places.used())));
  out.push_back(
      gauge("waybill_destinations", "Destinations known to this node", static_cast<double>(context_.directory.size())));
  const auto plugins = context_.plugins.stats();
  out.push_back(
      counter("waybill_plugin_completions_total", "Completions by plugins", static_cast<double>(plugins.completions)));
  out.push_back(counter("waybill_plugin_late_completions_total", "Completions after the engine had stopped waiting",
                        static_cast<double>(plugins.late_completions)));
  out.push_back(counter("waybill_plugin_unknown_completions_total", "Double completions, or of tokens never given out",
                        static_cast<double>(plugins.unknown_completions)));
  out.push_back(counter("waybill_plugin_faults_total", "Exceptions, garbage and refusals of plugins",
                        static_cast<double>(plugins.plugin_faults)));
  return out;
}

}  // namespace waybill::actors
