// SPDX-License-Identifier: Apache-2.0
#include "actors/job_actor.hpp"

#include <algorithm>
#include <utility>

#include "core/store/job_codec.hpp"

namespace waybill::actors {
namespace {

using core::milliseconds;

// A portion is in one transaction with what others hand in: a hundred dead letters hold it up for a few milliseconds.
constexpr std::uint32_t largest_portion = 100;
// Dead letters looked at in one go where few match.
constexpr std::uint32_t walk = 20'000;
constexpr std::uint64_t busy_writer = 256;  // operations that wait for it
constexpr milliseconds yield_step{20};
constexpr std::uint32_t most_yields = 50;  // one second: then it is the job's turn, however busy the writer is
constexpr milliseconds full_queue_wait{1'000};
constexpr milliseconds first_backoff{100};
constexpr milliseconds longest_backoff{30'000};
constexpr std::uint32_t failures_until_given_up = 5;

/// What may pass by itself, however long it takes.
bool passes(core::error_code code) { return code == core::error_code::store_unavailable; }

}  // namespace

void announce_revived(engine_context& context, const caf::actor& registry, const std::vector<core::task>& revived) {
  if (revived.empty()) return;
  context.ledger.added(revived);
  for (const auto& task : revived)
    if (task.deliver_by) context.note_deadline(*task.deliver_by);
  work_waiting work;
  for (const auto& task : revived) work.destinations.push_back(task.destination);
  std::sort(work.destinations.begin(), work.destinations.end());
  work.destinations.erase(std::unique(work.destinations.begin(), work.destinations.end()), work.destinations.end());
  caf::anon_send(registry, std::move(work));
}

caf::behavior job_actor(caf::stateful_actor<job_state>* self, engine_context* context, core::job work, caf::actor registry) {
  return self->state.start(self, *context, std::move(work), std::move(registry));
}

caf::behavior job_state::start(caf::event_based_actor* self, engine_context& context, core::job work, caf::actor registry) {
  self_ = self;
  context_ = &context;
  registry_ = std::move(registry);
  job_ = std::move(work);
  scanned_to_ = job_.cursor;
  pace_.emplace(job_.rate_per_second, largest_portion);
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  self->send(self, job_wake{generation_});
  return {
      [this](const job_changed& m) { on_job_changed(m); },
      [this](job_scanned& m) { on_job_scanned(m); },
      [this](const job_stepped& m) { on_job_stepped(m); },
      [this](const job_wake& m) { on_job_wake(m); },
  };
}

void job_state::on_job_changed(const job_changed& m) {
  if (m.now.state != core::job_state::running) return self_->quit();
  job_.rate_per_second = m.now.rate_per_second;
  pace_->change(job_.rate_per_second);
  go_on();
}

void job_state::on_job_wake(const job_wake& m) {
  if (m.generation == generation_) go_on();
}

void job_state::go_on() {
  if (busy_ || context_->draining.load(std::memory_order_relaxed)) return;
  if (const auto wait = traffic_wait(); wait > milliseconds{0}) return wake_in(wait);
  const auto now = context_->time.monotonic();
  const auto granted = pace_->granted(now);
  if (granted == 0) return wake_in(std::max(pace_->wait(now), milliseconds{1}));
  scan(granted);
}

milliseconds job_state::traffic_wait() {
  const auto most = context_->ledger.limit();
  // The last tenth of the queue is for new deliveries, which would be refused otherwise.
  const bool full = context_->ledger.whole().total() > most - most / 10;
  if (full && job_.work == core::job_work::redrive) return full_queue_wait;
  if (context_->writer->stats().waiting < busy_writer || yielded_ >= most_yields) {
    yielded_ = 0;
    return milliseconds{0};
  }
  ++yielded_;
  return yield_step;
}

void job_state::scan(std::uint32_t limit) {
  busy_ = true;
  context_->readers.run([org = job_.organization, filter = core::bounded_filter(job_), from = scanned_to_, limit,
                         to = caf::actor_cast<caf::actor>(self_)](core::read_session* session) {
    if (session == nullptr) return;
    auto found =
        std::make_shared<core::result<core::dead_letter_scan>>(session->scan_dead_letters(org, filter, from, limit, walk));
    caf::anon_send(to, job_scanned{std::move(found)});
  });
}

void job_state::on_job_scanned(job_scanned& m) {
  if (!*m.answer) return on_failure(m.answer->error());
  auto& portion = **m.answer;
  scanned_to_ = portion.reached;
  if (!portion.found.empty() || portion.last) return step(std::move(portion));
  busy_ = false;
  go_on();
}

void job_state::step(core::dead_letter_scan portion) {
  pace_->take(static_cast<std::uint32_t>(portion.found.size()), context_->time.monotonic());
  core::job_step next;
  next.id = job_.id;
  next.organization = job_.organization;
  next.owner_epoch = context_->epoch;
  next.from = job_.cursor;
  next.portion = std::move(portion);
  auto made = std::make_shared<core::job_step_result>();
  context_->writer->run(
      [made, next = std::move(next), &time = context_->time](core::write_session& session) -> core::result<void> {
        auto done = session.step_job(next, time.now());
        if (!done) return core::fail(done.error());
        *made = *std::move(done);
        return {};
      },
      [made, context = context_, registry = registry_,
       to = caf::actor_cast<caf::actor>(self_)](const core::result<void>& done) {
        if (done) announce_revived(*context, registry, made->revived);
        caf::anon_send(to, job_stepped{done ? std::nullopt : std::optional(done.error()), made->after});
      });
}

void job_state::on_job_stepped(const job_stepped& m) {
  if (m.failure) return on_failure(*m.failure);
  busy_ = false;
  failures_ = 0;
  accept(m.after);
}

/// A step that was not applied although the job is ours was applied before, and its answer lost: the job goes on from there.
void job_state::accept(const core::job& after) {
  job_ = after;
  scanned_to_ = job_.cursor;
  pace_->change(job_.rate_per_second);
  if (job_.state == core::job_state::running && job_.owner_epoch == context_->epoch) return go_on();
  if (core::is_finished(job_.state))
    core::log(core::log_level::info, "job.finished", "A job on dead letters has ended",
              {{"jobId", job_.id.to_string()},
               {"kind", std::string(core::to_string(job_.work))},
               {"state", std::string(core::to_string(job_.state))},
               {"done", std::to_string(job_.done)},
               {"skipped", std::to_string(job_.skipped)}});
  self_->quit();
}

void job_state::on_failure(const core::error& why) {
  busy_ = false;
  scanned_to_ = job_.cursor;
  if (why.code == core::error_code::shutting_down || why.code == core::error_code::job_not_found) return self_->quit();
  ++failures_;
  if (!passes(why.code) && failures_ >= failures_until_given_up) return give_up(why);
  core::log(core::log_level::warning, "job.portion_failed", "A portion of a job failed and is tried again",
            {{"jobId", job_.id.to_string()}, {"reason", why.message}});
  const auto doubled = first_backoff * (std::int64_t{1} << std::min(failures_ - 1, 10u));
  wake_in(std::min(doubled, longest_backoff));
}

void job_state::give_up(const core::error& why) {
  core::log(core::log_level::error, "job.failed", "A job failed again and again and is given up",
            {{"jobId", job_.id.to_string()}, {"reason", why.message}});
  context_->writer->run(
      [org = job_.organization, id = job_.id, context = context_, text = why.message](core::write_session& session) {
        return session.fail_job(org, id, context->epoch, text, context->time.now());
      },
      [](const core::result<void>&) {});
  self_->quit();
}

void job_state::wake_in(milliseconds wait) { self_->delayed_send(self_, wait, job_wake{++generation_}); }

}  // namespace waybill::actors
