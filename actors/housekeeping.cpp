// SPDX-License-Identifier: Apache-2.0
#include "actors/housekeeping.hpp"

#include "actors/queue_figures.hpp"
#include "core/telemetry/log.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace waybill::actors {
namespace {

// Counting walks the whole queue. It gets at most half a percent of one core, so that a long backlog delays nobody's delivery.
constexpr int rest_per_work = 200;
constexpr std::uint32_t sweep_chunks = 8;         // of 1 MiB: a few milliseconds
constexpr std::uint32_t sweep_limit = 500;        // rows per transaction: the writer must not be held up
constexpr std::chrono::hours jobs_kept{30 * 24};  // after their end

core::metrics::sample gauge(std::string name, std::string help, double value) {
  return {std::move(name), std::move(help), {}, value, false};
}
core::metrics::sample counter(std::string name, std::string help, double value) {
  return {std::move(name), std::move(help), {}, value, true};
}

}  // namespace

namespace {

/// Behind everything that was committed when the store was read: by way of the writer, after its next callbacks.
void compare_counts(engine_context& context, std::uint64_t mark, std::vector<core::destination_backlog> read) {
  context.writer->run([](core::write_session&) -> core::result<void> { return {}; },
                      [&context, mark, read = std::move(read)](const core::result<void>&) {
                        const auto wrong = context.ledger.compare(mark, read);
                        if (wrong == 0) return;
                        context.figures.count("queue_count_corrections", "Tasks by which the counts of the queue were wrong",
                                              wrong);
                        core::log(core::log_level::debug, "queue.recounted", "The counts of the queue were put right",
                                  {{"tasks", std::to_string(wrong)}});
                      });
}

}  // namespace

housekeeping::housekeeping(engine_context& context, key_ring& keys)
    : context_(context), keys_(keys), figures_(std::make_shared<figures>()) {
  context_.figures.add_collector([this] { return samples(); });
  read_figures();
}

void housekeeping::run() {
  sweep();
  context_.denied.flush();
  read_figures();
  auto used = keys_.take_used();
  if (used.empty()) return;
  context_.writer->run([used = std::move(used)](core::write_session& session) { return session.touch_keys(used); },
                       [](const core::result<void>&) {});
}

namespace {

/// Removes a small portion, and says whether there may be more.
using sweep_step = core::result<bool> (*)(core::write_session&, core::utc_time now);

/// One small step after the other, so that deliveries are accepted in between.
void sweep_on(engine_context& context, sweep_step step, const std::shared_ptr<std::atomic<bool>>& under_way) {
  auto more = std::make_shared<bool>(false);
  context.writer->run_bulk(
      [more, step, now = context.time.now()](core::write_session& session) -> core::result<void> {
        auto swept = step(session, now);
        if (!swept) return core::fail(swept.error());
        *more = *swept;
        return {};
      },
      [more, step, under_way, &context](const core::result<void>& done) {
        if (done && *more) return sweep_on(context, step, under_way);
        under_way->store(false);
      });
}

core::result<bool> sweep_payloads(core::write_session& session, core::utc_time now) {
  return session.sweep_payloads(now, sweep_chunks);
}

/// Idempotency keys past their window, jobs that ended long ago, and download links with their logs.
core::result<bool> sweep_rows(core::write_session& session, core::utc_time now) {
  auto keys = session.sweep_idempotency(now, sweep_limit);
  if (!keys) return core::fail(keys.error());
  auto jobs = session.sweep_jobs(now - jobs_kept, sweep_limit);
  if (!jobs) return core::fail(jobs.error());
  auto links = session.sweep_links(now, sweep_limit);
  if (!links) return core::fail(links.error());
  return *links || *keys >= sweep_limit || *jobs >= sweep_limit;
}

}  // namespace

void housekeeping::sweep() {
  if (!sweeping_rows_->exchange(true)) sweep_on(context_, sweep_rows, sweeping_rows_);
  if (!sweeping_payloads_->exchange(true)) sweep_on(context_, sweep_payloads, sweeping_payloads_);
}

void housekeeping::read_figures() {
  {
    std::lock_guard lock(figures_->mutex);
    if (context_.time.monotonic() < figures_->not_before) return;
  }
  context_.readers.run([kept = figures_, &context = context_](core::read_session* session) {
    if (session == nullptr) return;
    const auto begun = context.time.monotonic();
    const auto mark = context.ledger.mark();
    auto totals = session->reconcile();
    auto queue = session->backlog(context.time.now());
    const auto ended = context.time.monotonic();
    const bool counted = totals && queue;
    if (queue) {
      context.backlog.put(*queue);
      compare_counts(context, mark, *std::move(queue));
    }
    std::lock_guard lock(kept->mutex);
    if (!counted) return;
    // A store that did not answer for a while was not counting all that time: a queue grows, but not fourfold from once to
    // the next.
    const auto took = std::max<core::mono_time::duration>(ended - begun, core::milliseconds{1});
    kept->took = kept->took.count() == 0 ? took : std::min(took, 4 * kept->took);
    kept->not_before = ended + kept->took * rest_per_work;
    kept->totals = *totals;
    kept->known = true;
  });
}

std::vector<core::metrics::sample> housekeeping::samples() const {
  std::vector<core::metrics::sample> out;
  {
    std::lock_guard lock(figures_->mutex);
    if (figures_->known) {
      const auto& t = figures_->totals;
      out.push_back(counter("waybill_reconciliation_accepted_total", "Tasks ever accepted", static_cast<double>(t.accepted)));
      out.push_back(
          counter("waybill_reconciliation_delivered_total", "Tasks ever delivered", static_cast<double>(t.delivered)));
      out.push_back(gauge("waybill_reconciliation_failed", "Tasks that are dead letters", static_cast<double>(t.failed)));
      out.push_back(
          counter("waybill_reconciliation_cancelled_total", "Tasks ever cancelled", static_cast<double>(t.cancelled)));
      out.push_back(gauge("waybill_reconciliation_waiting", "Tasks in the queue", static_cast<double>(t.waiting)));
      out.push_back(gauge("waybill_reconciliation_difference", "accepted - delivered - failed - cancelled - waiting: must be 0",
                          static_cast<double>(t.difference())));
    }
  }
  const auto written = context_.writer->stats();
  out.push_back(counter("waybill_store_commits_total", "Transactions committed", static_cast<double>(written.commits)));
  out.push_back(counter("waybill_store_operations_total", "Operations committed", static_cast<double>(written.operations)));
  out.push_back(
      counter("waybill_store_failed_commits_total", "Transactions that failed", static_cast<double>(written.failed_commits)));
  out.push_back(
      gauge("waybill_store_waiting", "Operations waiting for the store writer", static_cast<double>(written.waiting)));
  add_queue_samples(context_, out);
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
