// SPDX-License-Identifier: Apache-2.0
#include "actors/registry_actor.hpp"

#include <algorithm>
#include <utility>

#include "actors/destination_actor.hpp"

namespace waybill::actors {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t crashes_until_disabled = 5;
constexpr milliseconds crash_window{10 * 60 * 1'000};
constexpr milliseconds first_restart_delay{100};

}  // namespace

caf::behavior registry_actor(caf::stateful_actor<registry_state>* self, engine_context* context, caf::actor scheduler) {
  return self->state.start(self, *context, std::move(scheduler));
}

caf::behavior registry_state::start(caf::event_based_actor* self, engine_context& context, caf::actor scheduler) {
  self_ = self;
  context_ = &context;
  scheduler_ = std::move(scheduler);
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  self->set_down_handler([this](caf::down_msg& m) { on_down(m); });
  return {
      [this](tasks_accepted& m) { on_tasks_accepted(m); },
      [this](const work_waiting& m) { on_work_waiting(m); },
      [this](const reconfigure& m) { on_reconfigure(m); },
      [this](const policy_changed& m) { on_policy_changed(m); },
      [this](const remove_destination& m) { on_remove(m); },
      [this](const tasks_withdrawn& m) { on_withdrawn(m); },
      [this](const tasks_stepped_back& m) { on_stepped_back(m); },
      [this](claimed& m) { on_claimed(m); },
      [this](const idle& m) { on_idle(m); },
      [this](const ask_live& m) { on_ask_live(m); },
      [this](const restart_due& m) { on_restart_due(m); },
      [this](drain& m) { on_drain(m); },
      [this](abandon) { on_abandon(); },
  };
}

// ---- the way to a destination --------------------------------------------------------------------------------------

registry_state::entry* registry_state::activate(core::destination_id id) {
  if (drained_) return nullptr;
  auto& found = entries_[id];
  if (found.disabled) return nullptr;
  if (!found.actor) {
    if (found.crashes > 0) return nullptr;  // its restart is due soon, and claims what is in the store
    spawn_into(id, found);
  }
  return &found;
}

template <class Message>
void registry_state::pass_on(entry& to, Message&& message) {
  ++to.sent;
  self_->send(to.actor, std::forward<Message>(message));
}

void registry_state::spawn_into(core::destination_id id, entry& into) {
  into.actor = self_->spawn<caf::monitored>(destination_actor, context_, id, caf::actor_cast<caf::actor>(self_),
                                            std::exchange(into.comes_back, false));
  into.sent = 0;
  by_address_[into.actor.address()] = id;
}

void registry_state::on_tasks_accepted(tasks_accepted& m) {
  std::unordered_map<core::destination_id, tasks_offered> groups;
  for (auto& task : m.tasks) groups[task.state.destination].tasks.push_back(std::move(task));
  for (auto& [id, group] : groups)
    if (auto* to = activate(id)) pass_on(*to, std::move(group));
}

void registry_state::on_work_waiting(const work_waiting& m) {
  for (const auto& id : m.destinations)
    if (auto* to = activate(id)) pass_on(*to, check_store{});
}

void registry_state::on_reconfigure(const reconfigure& m) {
  auto& found = entries_[m.destination];
  found.comes_back = std::exchange(found.disabled, false);
  found.crashes = 0;
  if (found.actor)
    pass_on(found, reload{});
  else
    activate(m.destination);
}

void registry_state::on_policy_changed(const policy_changed& m) {
  for (auto& [id, known] : entries_) {
    if (!known.actor) continue;
    auto where = context_->directory.find(id);
    if (where && where->organization == m.organization) pass_on(known, reload{});
  }
}

void registry_state::on_remove(const remove_destination& m) {
  auto found = entries_.find(m.destination);
  if (found == entries_.end()) return;
  if (found->second.actor) {
    by_address_.erase(found->second.actor.address());
    self_->send(found->second.actor, retire{});
  }
  entries_.erase(found);
}

void registry_state::on_withdrawn(const tasks_withdrawn& m) {
  std::unordered_map<core::destination_id, withdraw> groups;
  for (const auto& task : m.tasks) groups[task.destination].tasks.push_back(task);
  for (auto& [id, group] : groups) {
    auto found = entries_.find(id);
    if (found != entries_.end() && found->second.actor) pass_on(found->second, std::move(group));
  }
}

void registry_state::on_stepped_back(const tasks_stepped_back& m) {
  std::unordered_map<core::destination_id, step_back> groups;
  for (const auto& task : m.tasks) groups[task.destination].tasks.push_back(task);
  for (auto& [id, group] : groups) {
    auto found = entries_.find(id);
    if (found != entries_.end() && found->second.actor) pass_on(found->second, std::move(group));
  }
}

void registry_state::on_claimed(claimed& m) {
  auto found = entries_.find(m.destination);
  if (found != entries_.end() && found->second.actor) pass_on(found->second, claim_answered{std::move(m.answer)});
}

void registry_state::on_ask_live(const ask_live& m) {
  auto found = entries_.find(m.destination);
  if (found == entries_.end() || !found->second.actor) return m.answer(std::nullopt);
  pass_on(found->second, ask_figures{m.answer});
}

// ---- life and death ------------------------------------------------------------------------------------------------

void registry_state::on_idle(const idle& m) {
  auto found = entries_.find(m.destination);
  if (found == entries_.end() || !found->second.actor || found->second.sent != m.seen) return;
  by_address_.erase(found->second.actor.address());
  self_->send(found->second.actor, retire{});
  if (m.disabled) {
    found->second.actor = nullptr;
    found->second.disabled = true;
    return;
  }
  entries_.erase(found);
  if (m.next_due) self_->send(scheduler_, wake_destination{m.destination, *m.next_due});
}

void registry_state::on_down(const caf::down_msg& m) {
  auto address = by_address_.find(m.source);
  if (address == by_address_.end()) return;  // let go on purpose
  const auto id = address->second;
  by_address_.erase(address);
  auto found = entries_.find(id);
  if (found == entries_.end()) return finish_drain_if_empty();
  auto& crashed = found->second;
  crashed.actor = nullptr;
  if (drained_) {
    entries_.erase(found);
    return finish_drain_if_empty();
  }
  const auto now = context_->time.monotonic();
  if (crashed.crashes == 0 || now - crashed.first_crash > crash_window) {
    crashed.crashes = 0;
    crashed.first_crash = now;
  }
  ++crashed.crashes;
  context_->figures.count("destination_actor_restarts", "Destination actors that crashed and were restarted");
  core::log(core::log_level::error, "destination.crashed", "A destination actor crashed; its tasks are in the store",
            {{"destinationId", id.to_string()}, {"crashes", std::to_string(crashed.crashes)}});
  if (crashed.crashes >= crashes_until_disabled) return give_up_on(id, crashed);
  self_->delayed_send(self_, first_restart_delay * (1u << crashed.crashes), restart_due{id, ++crashed.generation});
}

void registry_state::on_restart_due(const restart_due& m) {
  auto found = entries_.find(m.destination);
  if (drained_ || found == entries_.end()) return;
  auto& crashed = found->second;
  if (crashed.generation == m.generation && !crashed.actor && !crashed.disabled) spawn_into(m.destination, crashed);
}

void registry_state::give_up_on(core::destination_id id, entry& crashed) {
  crashed.disabled = true;
  auto known = context_->directory.find(id);
  if (!known) return;
  const auto reason = "its actor crashed " + std::to_string(crashed.crashes) + " times within ten minutes";
  context_->figures.count("destinations_disabled", "Destinations the engine disabled by itself");
  context_->writer->run(
      [context = context_, org = known->organization, id, reason](core::write_session& session) -> core::result<void> {
        auto changed = session.set_destination_state(org, id, core::destination_state::disabled, reason, context->time.now());
        if (!changed) return core::fail(changed.error());
        return session.append_audit(
            {engine_entry(org, context->time.now(), "destination.disabled", {id.to_string(), {{"reason", reason}}})});
      },
      [context = context_, org = known->organization, id](core::result<void> done) {
        if (!done) return;
        context->directory.set_state(id, core::destination_state::disabled);
        context->ledger.set_parked(org, id, true);
      });
}

void registry_state::on_drain(drain& m) {
  drained_ = std::move(m.done);
  for (auto found = entries_.begin(); found != entries_.end();) {
    if (!found->second.actor) {
      found = entries_.erase(found);
      continue;
    }
    pass_on(found->second, start_drain{});
    ++found;
  }
  finish_drain_if_empty();
}

void registry_state::on_abandon() {
  for (auto& [id, known] : entries_)
    if (known.actor) self_->send_exit(known.actor, caf::exit_reason::kill);
  entries_.clear();
  by_address_.clear();
  self_->quit();
}

void registry_state::finish_drain_if_empty() {
  if (!drained_ || !entries_.empty()) return;
  auto done = std::move(drained_);
  drained_ = [] {};  // still draining: nothing is spawned any more
  done();
}

}  // namespace waybill::actors
