// SPDX-License-Identifier: Apache-2.0
#include "actors/destination_actor.hpp"

#include <algorithm>
#include <utility>

#include "actors/destination_loader.hpp"

namespace waybill::actors {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::size_t window_bytes = 16u << 20;  // content of one destination's window, so that 1 MiB payloads stay bounded
// A claim is a job of the store writer, and accepts wait for it: reading this many tasks takes less than a millisecond.
constexpr std::uint32_t claim_limit = 64;
constexpr milliseconds first_reload_delay{1'000};
constexpr milliseconds last_reload_delay{60'000};
constexpr milliseconds claim_lookahead{500};  // a task due within it may wait here instead of costing another claim

}  // namespace

caf::behavior destination_actor(caf::stateful_actor<destination_state>* self, engine_context* context, core::destination_id id,
                                caf::actor registry, bool comes_back) {
  return self->state.start(self, *context, id, std::move(registry), comes_back);
}

destination_state::~destination_state() {
  // What is under way is handed back: the store still has it as waiting, and its outcome no longer has anybody to tell.
  for (auto& [number, under_way] : flights_)
    if (under_way.through) under_way.through->cancel(under_way.token);
  if (reduced_) context_->reduced_destinations.fetch_sub(1, std::memory_order_relaxed);
  for (; calls_ > 0; --calls_) context_->places.release(*share_);
}

caf::behavior destination_state::start(caf::event_based_actor* self, engine_context& context, core::destination_id id,
                                       caf::actor registry, bool comes_back) {
  self_ = self;
  comes_back_ = comes_back;
  context_ = &context;
  id_ = id;
  registry_ = std::move(registry);
  jitter_.seed(static_cast<std::minstd_rand::result_type>(std::hash<core::destination_id>{}(id)));
  window_.emplace(context.settings.queue.window, window_bytes, &context.window_memory);
  window_->expect_more();
  last_active_ = context.time.monotonic();
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  load();
  return {
      [this](opened& m) { on_opened(m); },
      [this](tasks_offered& m) { on_tasks_offered(m); },
      [this](claim_answered& m) { on_claim_answered(m); },
      [this](check_store) { ++seen_, window_->expect_more(), pump(); },
      [this](attempt_done& m) { on_attempt_done(m); },
      [this](outcomes_stored& m) { on_outcomes_stored(m); },
      [this](const wake& m) { on_wake(m); },
      [this](place_free& m) { on_place_free(m); },
      [this](go_on) { pump(); },
      [this](const withdraw& m) { on_withdraw(m); },
      [this](const step_back& m) { on_step_back(m); },
      [this](reload) { ++seen_, on_reload(); },
      [this](const ask_figures& m) { ++seen_, on_figures(m); },
      [this](start_drain) { on_start_drain(); },
      [this](retire) { self_->quit(); },
  };
}

// ---- configuration -------------------------------------------------------------------------------------------------

void destination_state::load() {
  loading_ = true;
  load_again_at_.reset();
  auto generation = ++load_generation_;
  auto to = caf::actor_cast<caf::actor>(self_);
  context_->readers.run_later([context = context_, id = id_, generation, to](core::read_session* session) {
    if (session == nullptr) return;  // the node stops
    auto answer = load_destination(*context, *session, id);
    answer.generation = generation;
    caf::anon_send(to, std::move(answer));
  });
}

void destination_state::on_opened(opened& m) {
  if (m.generation != load_generation_) return;
  loading_ = false;
  if (m.failure) {
    core::log(core::log_level::error, "destination.not_opened", "A destination cannot be opened; its tasks wait",
              {{"destinationId", id_.to_string()}, {"reason", m.failure->message}});
    if (m.failure->code == core::error_code::destination_not_found) return settle();
    auto delay = std::min(last_reload_delay, first_reload_delay * (1u << std::min(failed_loads_++, 6u)));
    load_again_at_ = context_->time.monotonic() + delay;
    return arm();
  }
  failed_loads_ = 0;
  settings_ = std::move(m.settings);
  policy_ = m.policy;
  secrets_change_at_ = m.secrets_change_at;
  retries_ = core::retry_policy{policy_.retry};
  pace_.set_settings(policy_.limits, context_->time.monotonic());
  share_ = context_->places.share_of(settings_->organization, m.share.weight);
  breaker_.set_settings(policy_.breaker);
  uncollect();
  collector_.set_limits(policy_.batch);
  const bool was_disabled = mode_ == mode::disabled || comes_back_;
  if (!loaded_once_ || was_disabled) {
    const auto& h = m.health;
    breaker_.restore(h.breaker, h.consecutive_failures, h.breaker_opened_at, h.breaker_next_attempt_at, h.breaker_openings);
  }
  loaded_once_ = true;
  handler_ = std::move(m.handler);
  if (mode_ == mode::draining) return settle();
  if (settings_->state == core::destination_state::disabled) {
    mode_ = mode::disabled;
    window_->clear_waiting();
    note_standing();
    return settle();
  }
  if (mode_ != mode::running) window_->expect_more();
  if (was_disabled) {
    pace_.begin_recovery(context_->time.monotonic(), policy_.breaker.ramp_up);
    unparked_at_ = context_->time.now();
  }
  comes_back_ = false;
  mode_ = mode::running;
  pump();
}

void destination_state::on_reload() {
  if (mode_ != mode::draining) load();
}

void destination_state::disable(const std::string& reason) {
  if (mode_ != mode::running) return;
  mode_ = mode::disabled;
  uncollect();
  window_->clear_waiting();
  core::log(core::log_level::warning, "destination.disabled", "A destination was disabled; its tasks are parked",
            {{"destinationId", id_.to_string()}, {"reason", reason}});
  context_->figures.count("destinations_disabled", "Destinations the engine disabled by itself");
  auto to = caf::actor_cast<caf::actor>(self_);
  context_->writer->run(
      [context = context_, org = settings_->organization, id = id_,
       reason](core::write_session& session) -> core::result<void> {
        auto changed = session.set_destination_state(org, id, core::destination_state::disabled, reason, context->time.now());
        if (!changed) return core::fail(changed.error());
        return session.append_audit(
            {engine_entry(org, context->time.now(), "destination.disabled", {id.to_string(), {{"reason", reason}}})});
      },
      [context = context_, id = id_, to](core::result<void> done) {
        if (done) return context->directory.set_state(id, core::destination_state::disabled);
        caf::anon_send(to, reload{});  // not stored: what the store says goes
      });
}

/// Lets the node's figures know what waits here without being tried, and whether it goes slower than it might.
void destination_state::note_standing() {
  if (!settings_) return;
  if (const bool reduced = pace_.reduced(); reduced != std::exchange(reduced_, reduced)) {
    if (reduced)
      context_->reduced_destinations.fetch_add(1, std::memory_order_relaxed);
    else
      context_->reduced_destinations.fetch_sub(1, std::memory_order_relaxed);
  }
  const bool parked = settings_->state == core::destination_state::disabled || mode_ == mode::disabled ||
                      breaker_.state() == core::breaker_state::open;
  if (parked_ == parked) return;
  if (parked_.value_or(false)) unparked_at_ = context_->time.now();
  parked_ = parked;
  context_->ledger.set_parked(settings_->organization, id_, parked);
}

// ---- tasks coming in -----------------------------------------------------------------------------------------------

void destination_state::on_tasks_offered(tasks_offered& m) {
  ++seen_;
  if (mode_ == mode::disabled || mode_ == mode::draining) return;  // the store has them
  for (auto& task : m.tasks) window_->offer(std::move(task));
  last_active_ = context_->time.monotonic();
  pump();
}

void destination_state::claim_if_wanted(core::utc_time now) {
  if (claiming_ || load_again_at_ || mode_ != mode::running || !window_->wants_claim(now)) return;
  if (breaker_.state() == core::breaker_state::open && breaker_.next_attempt_at() && now < *breaker_.next_attempt_at()) return;
  claiming_ = true;
  window_->claim_sent();
  const auto limit = std::min(claim_limit, window_->room());
  auto answer = std::make_shared<core::result<core::claim_result>>();
  auto held = std::make_shared<std::unordered_set<core::task_id>>(window_->held());
  context_->writer->run(
      [context = context_, id = id_, limit, answer, held](core::write_session& session) -> core::result<void> {
        *answer = session.claim(id, context->epoch, context->time.now(), claim_lookahead, limit, *held);
        if (!*answer) return core::fail(answer->error());
        return {};
      },
      [registry = registry_, id = id_, answer](core::result<void> done) {
        if (!done) *answer = core::fail(done.error());
        caf::anon_send(registry, claimed{id, answer});
      });
}

void destination_state::on_claim_answered(claim_answered& m) {
  ++seen_;
  claiming_ = false;
  if (!*m.answer) {
    window_->expect_more();
    load_again_at_ = context_->time.monotonic() + first_reload_delay;  // the store is away: ask again a little later
    return arm();
  }
  if (mode_ != mode::running) return;
  window_->take_claim(std::move(**m.answer));
  last_active_ = context_->time.monotonic();
  pump();
}

void destination_state::on_withdraw(const withdraw& m) {
  ++seen_;
  for (const auto& task : m.tasks) {
    if (auto collected = collector_.remove(task.id)) window_->put_back(*std::move(collected));
    if (window_->withdraw(task.id)) continue;
    auto flown =
        std::find_if(flights_.begin(), flights_.end(), [&](const auto& f) { return f.second.what.state.id == task.id; });
    if (flown == flights_.end()) continue;
    flown->second.through->cancel(flown->second.token);
    window_->forget(task.id, flown->second.what.content->content.size());
    core::attempt_result withdrawn;
    withdrawn.action = core::attempt_action::canceled;
    auto over = std::move(flown->second);
    flights_.erase(flown);
    end_call(over, withdrawn);
  }
  pump();
}

/// One that is being tried goes on: its outcome says that it is held.
void destination_state::on_step_back(const step_back& m) {
  ++seen_;
  for (const auto& task : m.tasks) {
    if (auto collected = collector_.remove(task.id)) window_->put_back(*std::move(collected));
    static_cast<void>(window_->withdraw(task.id));
  }
  pump();
}

// ---- time ----------------------------------------------------------------------------------------------------------

void destination_state::on_wake(const wake& m) {
  if (m.generation != wake_generation_) return;
  armed_for_.reset();
  expire_deadlines();
  const auto mono = context_->time.monotonic();
  const bool secrets_changed = secrets_change_at_ && *secrets_change_at_ <= context_->time.now();
  if (!loading_ && mode_ != mode::draining && ((load_again_at_ && *load_again_at_ <= mono) || secrets_changed)) {
    secrets_change_at_.reset();
    load();
  }
  pump();
  settle();
}

std::optional<milliseconds> destination_state::time_to_next_event() const {
  const auto mono = context_->time.monotonic();
  const auto now = context_->time.now();
  std::optional<milliseconds> next;
  const auto consider = [&](milliseconds wait) {
    wait = std::max(wait, milliseconds{1});
    if (!next || wait < *next) next = wait;
  };
  // Rounded up: a wake-up a fraction early would find nothing to do and arm again.
  const auto until = [&](core::mono_time at) { return duration_cast<milliseconds>(at - mono) + milliseconds{1}; };
  if (!deadlines_.empty()) consider(until(deadlines_.front().first));
  if (!cut_offs_.empty()) consider(until(cut_offs_.begin()->first));
  if (load_again_at_) consider(until(*load_again_at_));
  if (rate_allows_at_) consider(until(*rate_allows_at_));
  if (secrets_change_at_) consider(*secrets_change_at_ - now);
  if (const auto ready = collector_.ready_at(); ready && !collector_.is_ready(mono)) consider(until(*ready));
  if (mode_ == mode::running) {
    // What is due already waits for a place, the rate or room in the window, each of which is an event of its own.
    if (auto due = window_->next_due(); due && *due > now) consider(*due - now);
    if (auto at = breaker_.next_attempt_at(); at && breaker_.state() == core::breaker_state::open) consider(*at - now);
  }
  consider(until(last_active_ + context_->settings.queue.passivate_after));
  return next;
}

void destination_state::arm() {
  auto wait = time_to_next_event();
  if (!wait) return;
  auto at = context_->time.monotonic() + *wait;
  if (armed_for_ && *armed_for_ <= at) return;
  armed_for_ = at;
  self_->delayed_send(self_, *wait, wake{++wake_generation_});
}

// ---- the end -------------------------------------------------------------------------------------------------------

void destination_state::on_start_drain() {
  mode_ = mode::draining;
  uncollect();
  window_->clear_waiting();
  settle();
}

void destination_state::settle() {
  const bool quiet = flights_.empty() && outcomes_.empty();
  if (quiet && mode_ == mode::draining) return self_->quit();
  if (!quiet || claiming_ || loading_) return arm();
  const auto now = context_->time.now();
  const bool gone = !settings_ && !load_again_at_;
  if (gone || mode_ == mode::disabled) {
    self_->send(registry_, idle{id_, seen_, std::nullopt, true});
    return;
  }
  const auto idle_since = context_->time.monotonic() - last_active_;
  const auto next = window_->next_due();
  const bool far_off = !next || *next - now > context_->settings.queue.passivate_after / 2;
  if (mode_ == mode::running && idle_since >= context_->settings.queue.passivate_after) {
    if (far_off && collector_.empty() && !window_->has_due(now) && !window_->wants_claim(now))
      self_->send(registry_, idle{id_, seen_, next, false});
    last_active_ = context_->time.monotonic();
  }
  arm();
}

void destination_state::on_figures(const ask_figures& m) const {
  live_health figures;
  if (!response_times_.empty()) {
    figures.p50 = response_times_.percentile(50);
    figures.p95 = response_times_.percentile(95);
    figures.p99 = response_times_.percentile(99);
  }
  figures.in_flight = static_cast<std::uint32_t>(flights_.size());
  const auto mono = context_->time.monotonic();
  figures.pace = {pace_.concurrency(mono), pace_.rate(mono), pace_.reduced(), pace_.recovering(mono)};
  figures.waiting = static_cast<std::uint32_t>(window_->waiting() + collector_.size());
  m.answer(figures);
}

}  // namespace waybill::actors
