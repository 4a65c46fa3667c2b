// SPDX-License-Identifier: Apache-2.0
#include "actors/job_runner_actor.hpp"

#include <utility>

#include "actors/job_actor.hpp"

namespace waybill::actors {
namespace {

using core::milliseconds;

constexpr milliseconds claim_retry{1'000};
constexpr milliseconds first_restart_delay{200};
constexpr std::uint32_t crashes_until_failed = 5;

}  // namespace

caf::behavior job_runner_actor(caf::stateful_actor<job_runner_state>* self, engine_context* context, caf::actor registry) {
  return self->state.start(self, *context, std::move(registry));
}

caf::behavior job_runner_state::start(caf::event_based_actor* self, engine_context& context, caf::actor registry) {
  self_ = self;
  context_ = &context;
  registry_ = std::move(registry);
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  self->set_down_handler([this](caf::down_msg& m) { on_down(m); });
  claim();
  return {
      [this](jobs_waiting) { claim(); },
      [this](const job_changed& m) { on_job_changed(m); },
      [this](const jobs_claimed& m) { on_jobs_claimed(m); },
      [this](claim_due) { claim(); },
      [this](const job_restart& m) { on_job_restart(m); },
      [this](abandon) { on_abandon(); },
  };
}

void job_runner_state::claim() {
  claim_again_ = claiming_;
  if (claiming_ || context_->draining.load(std::memory_order_relaxed)) return;
  claiming_ = true;
  auto claimed = std::make_shared<std::vector<core::job>>();
  context_->writer->run(
      [claimed, context = context_](core::write_session& session) -> core::result<void> {
        auto jobs = session.claim_jobs(context->epoch, core::job_slots{}, context->time.now());
        if (!jobs) return core::fail(jobs.error());
        *claimed = *std::move(jobs);
        return {};
      },
      [claimed, to = caf::actor_cast<caf::actor>(self_)](const core::result<void>& done) {
        caf::anon_send(to, jobs_claimed{done.has_value(), *claimed});
      });
}

void job_runner_state::on_jobs_claimed(const jobs_claimed& m) {
  claiming_ = false;
  for (const auto& one : m.jobs) {
    auto& known = entries_[one.id];
    known.work = one;
    if (known.actor) {
      // Paused and resumed before its actor had ended: that one has a step behind it that no longer counts.
      by_address_.erase(known.actor.address());
      self_->send_exit(known.actor, caf::exit_reason::user_shutdown);
    }
    spawn_into(known);
  }
  if (!m.ok) self_->delayed_send(self_, claim_retry, claim_due{});
  if (m.ok && claim_again_) claim();
}

void job_runner_state::spawn_into(entry& into) {
  into.actor = self_->spawn<caf::monitored>(job_actor, context_, into.work, registry_);
  by_address_[into.actor.address()] = into.work.id;
}

void job_runner_state::on_job_changed(const job_changed& m) {
  auto found = entries_.find(m.now.id);
  if (found != entries_.end()) {
    found->second.work.rate_per_second = m.now.rate_per_second;
    if (found->second.actor)
      self_->send(found->second.actor, m);
    else if (m.now.state != core::job_state::running)
      entries_.erase(found);
  }
  claim();
}

void job_runner_state::on_down(const caf::down_msg& m) {
  auto address = by_address_.find(m.source);
  if (address == by_address_.end()) return;
  const auto id = address->second;
  by_address_.erase(address);
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  auto& ended = found->second;
  ended.actor = nullptr;
  if (!m.reason || context_->draining.load(std::memory_order_relaxed)) {
    entries_.erase(found);
    return claim();
  }
  context_->figures.count("job_actor_restarts", "Job actors that crashed and were restarted");
  if (++ended.crashes >= crashes_until_failed) {
    give_up_on(ended.work);
    entries_.erase(found);
    return;
  }
  self_->delayed_send(self_, first_restart_delay * (1u << ended.crashes), job_restart{id});
}

/// The job is read again: the crashed actor may have moved it on.
void job_runner_state::on_job_restart(const job_restart& m) {
  auto found = entries_.find(m.job);
  if (found == entries_.end() || found->second.actor) return;
  context_->readers.run([org = found->second.work.organization, id = m.job,
                         to = caf::actor_cast<caf::actor>(self_)](core::read_session* session) {
    if (session == nullptr) return;
    auto now = session->get_job(org, id);
    if (!now) return caf::anon_send(to, job_restart{id});
    jobs_claimed again{true, {}};
    if (now->state == core::job_state::running) again.jobs.push_back(*std::move(now));
    caf::anon_send(to, std::move(again));
  });
}

void job_runner_state::give_up_on(const core::job& crashed) {
  core::log(core::log_level::error, "job.failed", "The actor of a job crashed again and again",
            {{"jobId", crashed.id.to_string()}});
  context_->writer->run(
      [org = crashed.organization, id = crashed.id, context = context_](core::write_session& session) {
        return session.fail_job(org, id, context->epoch, "its actor crashed again and again", context->time.now());
      },
      [to = caf::actor_cast<caf::actor>(self_)](const core::result<void>&) { caf::anon_send(to, jobs_waiting{}); });
}

void job_runner_state::on_abandon() {
  for (auto& [id, known] : entries_)
    if (known.actor) self_->send_exit(known.actor, caf::exit_reason::kill);
  entries_.clear();
  by_address_.clear();
  registry_ = nullptr;
  self_->quit();
}

}  // namespace waybill::actors
