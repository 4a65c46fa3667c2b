// SPDX-License-Identifier: Apache-2.0
#include "actors/retention_actor.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "actors/audit_notes.hpp"

namespace waybill::actors {
namespace {

using core::milliseconds;

// Of a transaction that others wait for: with its commit it stays well below 50 ms.
constexpr milliseconds step_budget{5};
constexpr milliseconds first_pass_after{30'000};
constexpr std::uint32_t organizations_at_once = 500;
constexpr std::uint32_t trimmed_at_once = 500;
constexpr std::array<const char*, 5> stage_names{"dead_letters", "attempt_records", "attempts", "payloads", "deliveries"};

/// Every organization but those that are held as a whole.
core::result<pass_planned> read_plan(core::read_session& session, const core::retention_settings& engine, core::utc_time now) {
  pass_planned plan{true, {}, {}};
  auto longest_needed = engine.audit_days;
  std::unordered_map<core::organization_id, std::optional<std::uint32_t>> audit_days;
  core::page_request page{organizations_at_once, {}};
  do {
    auto some = session.list_organizations(page);
    if (!some) return core::fail(some.error());
    for (const auto& o : some->items) {
      auto holds = session.all_holds(o.id);
      if (!holds) return core::fail(holds.error());
      const bool held = core::find_organization_hold(*holds) != nullptr;
      const auto keep = o.policy.retention.over(engine);
      audit_days[o.id] = held ? std::nullopt : std::optional(keep.audit_days);
      if (held) continue;
      plan.plans.push_back({o.id, keep});
      if (keep.audit_days > 0 && (longest_needed == 0 || keep.audit_days < longest_needed)) longest_needed = keep.audit_days;
    }
    page.cursor = some->next_cursor;
  } while (!page.cursor.empty());
  if (longest_needed == 0) return plan;
  auto chains = session.audit_chains_with_rows_before(now - std::chrono::hours(24) * longest_needed);
  if (!chains) return core::fail(chains.error());
  for (const auto& chain : *chains) {
    const auto known = audit_days.find(chain);  // the engine's, and those of erased organizations, have the engine's time
    const auto days = known == audit_days.end() ? std::optional(engine.audit_days) : known->second;
    if (days && *days > 0) plan.chains.emplace_back(chain, now - std::chrono::hours(24) * *days);
  }
  return plan;
}

core::audit_entry trimmed_entry(core::organization_id chain, core::utc_time before, core::utc_time now) {
  core::audit_entry entry;
  entry.chain = chain;
  entry.at = now;
  entry.action = "audit.trimmed";
  entry.details = nlohmann::json{{"before", core::to_rfc3339(before)}}.dump();
  return entry;
}

}  // namespace

caf::behavior retention_actor(caf::stateful_actor<retention_state>* self, engine_context* context) {
  return self->state.start(self, *context);
}

caf::behavior retention_state::start(caf::event_based_actor* self, engine_context& context) {
  self_ = self;
  context_ = &context;
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  context.figures.add_collector([kept = figures_] {
    std::vector<core::metrics::sample> out;
    for (std::size_t i = 0; i < stage_names.size(); ++i)
      out.push_back({"waybill_retention_removed_total",
                     "Deliveries for which retention has done a stage",
                     {{"stage", stage_names[i]}},
                     static_cast<double>(kept->removed[i].load()),
                     true});
    out.push_back(
        {"waybill_retention_passes_total", "Passes of retention", {}, static_cast<double>(kept->passes.load()), true});
    out.push_back({"waybill_retention_audit_rows_trimmed_total",
                   "Rows of the audit trail past their time",
                   {},
                   static_cast<double>(kept->trimmed.load()),
                   true});
    out.push_back({"waybill_retention_longest_step_seconds",
                   "Longest transaction of retention so far",
                   {},
                   static_cast<double>(kept->longest_us.load()) / 1e6,
                   false});
    return out;
  });
  wait(std::min(context.settings.erasing.sweep_interval, first_pass_after));
  return {
      [this](const retention_due& m) { on_due(m); },     [this](const pass_planned& m) { on_planned(m); },
      [this](candidates_found& m) { on_found(m); },      [this](const retention_stepped& m) { on_stepped(m); },
      [this](const audit_trimmed& m) { on_trimmed(m); },
  };
}

void retention_state::wait(milliseconds time) { self_->delayed_send(self_, time, retention_due{++generation_}); }

void retention_state::on_due(const retention_due& m) {
  if (m.generation != generation_ || busy_ || context_->draining.load(std::memory_order_relaxed)) return;
  if (pass_) return go_on();
  plan();
}

void retention_state::plan() {
  busy_ = true;
  context_->readers.run([engine = context_->settings.retention, now = context_->time.now(),
                         to = caf::actor_cast<caf::actor>(self_)](core::read_session* session) {
    if (session == nullptr) return;
    auto plan = read_plan(*session, engine, now);
    caf::anon_send(to, plan ? *std::move(plan) : pass_planned{});
  });
}

void retention_state::on_planned(const pass_planned& m) {
  busy_ = false;
  if (!m.ok) return wait(context_->settings.erasing.sweep_interval);
  pass_.emplace(m.plans, context_->time.now());
  chains_ = m.chains;
  chain_begun_ = false;
  go_on();
}

void retention_state::go_on() {
  if (!pass_->batch().empty()) return remove();
  if (pass_->range() != nullptr) return look();
  if (!chains_.empty()) return trim();
  end_pass();
}

void retention_state::look() {
  busy_ = true;
  context_->readers.run([range = *pass_->range(), limit = pass_->page_size(),
                         to = caf::actor_cast<caf::actor>(self_)](core::read_session* session) {
    if (session == nullptr) return;
    auto found = session->retention_candidates_of(range, limit);
    caf::anon_send(to, candidates_found{std::make_shared<core::result<core::retention_candidates>>(std::move(found))});
  });
}

void retention_state::on_found(candidates_found& m) {
  busy_ = false;
  if (!*m.answer) return end_pass();
  pass_->on_candidates(*std::move(*m.answer));
  go_on();
}

void retention_state::remove() {
  busy_ = true;
  struct outcome {
    core::retention_step step;
    core::mono_time begun;
  };
  auto made = std::make_shared<outcome>();
  context_->writer->run_bulk(
      [made, range = *pass_->range(), ids = pass_->batch(),
       &time = context_->time](core::write_session& session) -> core::result<void> {
        made->begun = time.monotonic();
        auto done = session.apply_retention(range, ids, time.now(), step_budget);
        if (!done) return core::fail(done.error());
        made->step = *done;
        return {};
      },
      // Behind the commit: what is measured is how long the writer was held.
      [made, stage = pass_->range()->stage, kept = figures_, &time = context_->time,
       to = caf::actor_cast<caf::actor>(self_)](const core::result<void>& done) {
        if (!done) return caf::anon_send(to, retention_stepped{});
        const auto took = time.monotonic() - made->begun;
        const auto us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
        if (us > kept->longest_us.load()) kept->longest_us.store(us);  // one writer thread
        kept->removed[static_cast<std::size_t>(stage) - 1] += made->step.removed;
        caf::anon_send(to, retention_stepped{made->step, std::chrono::ceil<milliseconds>(took)});
      });
}

void retention_state::on_stepped(const retention_stepped& m) {
  busy_ = false;
  if (!m.done) return end_pass();
  pass_->on_step(*m.done, m.took);
  wait(pass_->rest());
}

void retention_state::trim() {
  busy_ = true;
  auto rows = std::make_shared<std::uint64_t>(0);
  const auto [chain, before] = chains_.back();
  const bool first = !std::exchange(chain_begun_, true);
  context_->writer->run_bulk(
      [rows, chain = chain, before = before, first,
       &time = context_->time](core::write_session& session) -> core::result<void> {
        auto trimmed = session.trim_audit(chain, before, trimmed_at_once);
        if (!trimmed) return core::fail(trimmed.error());
        *rows = *trimmed;
        if (!first || *rows == 0) return {};
        return session.append_audit({trimmed_entry(chain, before, time.now())});
      },
      [rows, kept = figures_, to = caf::actor_cast<caf::actor>(self_)](const core::result<void>& done) {
        kept->trimmed += *rows;
        caf::anon_send(to, audit_trimmed{done ? std::optional(*rows) : std::nullopt});
      });
}

void retention_state::on_trimmed(const audit_trimmed& m) {
  busy_ = false;
  if (!m.rows) return end_pass();
  if (*m.rows < trimmed_at_once) {
    chains_.pop_back();
    chain_begun_ = false;
  }
  wait(milliseconds{5});
}

/// Also when something failed: what is left is found by the next pass.
void retention_state::end_pass() {
  pass_.reset();
  chains_.clear();
  ++figures_->passes;
  wait(context_->settings.erasing.sweep_interval);
}

}  // namespace waybill::actors
