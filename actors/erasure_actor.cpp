// SPDX-License-Identifier: Apache-2.0
#include "actors/erasure_actor.hpp"

#include <utility>

#include "actors/messages.hpp"
#include "core/security/digest.hpp"

#include <nlohmann/json.hpp>

namespace waybill::actors {
namespace {

using core::milliseconds;

constexpr milliseconds step_budget{5};
constexpr milliseconds rest{10};
constexpr milliseconds retry_after{1'000};
constexpr std::uint32_t deliveries_at_once = 64;
constexpr std::uint32_t rows_at_once = 200;
constexpr std::uint32_t chunks_at_once = 8;
constexpr std::size_t salt_bytes = 16;

/// The chains that are told: the organization's, and the engine's when the organization itself was erased.
std::vector<core::audit_entry> completed_entries(const core::erasure& e, core::utc_time at) {
  core::audit_entry entry;
  entry.chain = e.organization;
  entry.at = at;
  entry.action = "erasure.completed";
  entry.subject = e.id.to_string();
  entry.details = nlohmann::json{{"certificate", nlohmann::json::parse(e.certificate, nullptr, false)}}.dump();
  std::vector<core::audit_entry> all{entry};
  if (e.scope == core::data_scope::organization) {
    entry.chain = core::engine_chain;
    all.push_back(std::move(entry));
  }
  return all;
}

}  // namespace

caf::behavior erasure_actor(caf::stateful_actor<erasure_runner_state>* self, engine_context* context, core::store* storage,
                            caf::actor registry, bool cleaned) {
  return self->state.start(self, *context, *storage, std::move(registry), cleaned);
}

caf::behavior erasure_runner_state::start(caf::event_based_actor* self, engine_context& context, core::store& storage,
                                          caf::actor registry, bool cleaned) {
  self_ = self;
  cleaned_ = cleaned;
  context_ = &context;
  storage_ = &storage;
  registry_ = std::move(registry);
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  find();
  return {
      [this](erasures_waiting) { find(); },
      [this](const erasures_found& m) { on_found(m); },
      [this](const erasure_candidates_found& m) { on_candidates(m); },
      [this](const erasure_stepped& m) { on_stepped(m); },
      [this](const payloads_swept& m) { on_swept(m); },
      [this](const store_compacted& m) { on_compacted(m); },
      [this](const erasure_ended& m) { on_ended(m); },
      [this](const erasure_due& m) { on_due(m); },
  };
}

void erasure_runner_state::wait(milliseconds time) { self_->delayed_send(self_, time, erasure_due{++generation_}); }

void erasure_runner_state::on_due(const erasure_due& m) {
  if (m.generation != generation_ || busy_ || context_->draining.load(std::memory_order_relaxed)) return;
  if (current_)
    look();
  else
    find();
}

void erasure_runner_state::retry(const core::error& why) {
  if (why.code == core::error_code::shutting_down) return;
  core::log(core::log_level::warning, "erasure.step_failed", "A step of an erasure failed and is tried again",
            {{"reason", why.message}});
  current_.reset();
  wait(retry_after);
}

void erasure_runner_state::find() {
  asked_ = true;
  if (busy_ || current_) return;
  asked_ = false;
  busy_ = true;
  context_->readers.run([to = caf::actor_cast<caf::actor>(self_)](core::read_session* session) {
    if (session == nullptr) return;
    auto found = session->unfinished_erasures();
    caf::anon_send(to, found ? erasures_found{true, *std::move(found)} : erasures_found{});
  });
}

void erasure_runner_state::on_found(const erasures_found& m) {
  busy_ = false;
  if (!m.ok) return wait(retry_after);
  running_.clear();
  compacting_.clear();
  for (const auto& one : m.unfinished) (one.state == core::erasure_state::running ? running_ : compacting_).push_back(one);
  if (std::exchange(cleaned_, false) && !compacting_.empty()) return certify();
  next();
}

void erasure_runner_state::next() {
  current_.reset();
  if (asked_) return find();
  if (!running_.empty()) {
    current_ = running_.front();
    running_.erase(running_.begin());
    rows_done_ = false;
    return look();
  }
  if (!compacting_.empty() && !too_large_) compact();
}

// ---- deliveries

void erasure_runner_state::look() {
  busy_ = true;
  context_->readers.run([order = *current_, to = caf::actor_cast<caf::actor>(self_)](core::read_session* session) {
    if (session == nullptr) return;
    auto found = session->erasure_candidates(order, deliveries_at_once);
    caf::anon_send(to,
                   erasure_candidates_found{std::make_shared<core::result<std::vector<core::delivery_id>>>(std::move(found))});
  });
}

void erasure_runner_state::on_candidates(const erasure_candidates_found& m) {
  busy_ = false;
  if (!*m.answer) return retry(m.answer->error());
  if (!(**m.answer).empty()) return erase(**m.answer);
  if (current_->scope == core::data_scope::organization && !rows_done_) {
    let_go_of_destinations();
    return erase_rows();
  }
  sweep();
}

void erasure_runner_state::erase(std::vector<core::delivery_id> ids) {
  busy_ = true;
  auto made = std::make_shared<core::result<core::erasure_step>>();
  context_->writer->run(
      [made, id = current_->id, ids = std::move(ids),
       &time = context_->time](core::write_session& session) -> core::result<void> {
        *made = session.erase_deliveries(id, ids, time.now(), step_budget);
        if (!*made) return core::fail(made->error());
        return {};
      },
      [made, context = context_, registry = registry_,
       to = caf::actor_cast<caf::actor>(self_)](const core::result<void>& done) {
        if (!done) *made = core::fail(done.error());
        if (*made && !(*made)->cancelled.empty()) {
          context->ledger.removed((*made)->cancelled);
          caf::anon_send(registry, tasks_withdrawn{(*made)->cancelled});
        }
        caf::anon_send(to, erasure_stepped{made});
      });
}

void erasure_runner_state::on_stepped(const erasure_stepped& m) {
  busy_ = false;
  if (!*m.answer) return retry(m.answer->error());
  const bool rows = (*m.answer)->done;
  current_ = (*m.answer)->now;
  if (!rows) return wait(rest);
  rows_done_ = true;
  look();  // what was on its way in when it began
}

// ---- the rest of an organization

/// Before their rows go: nothing is tried at them any more.
void erasure_runner_state::let_go_of_destinations() {
  for (const auto& id : context_->directory.destinations_of(current_->organization)) {
    context_->directory.remove(id);
    context_->ledger.forget(id);
    caf::anon_send(registry_, remove_destination{id});
  }
}

void erasure_runner_state::erase_rows() {
  busy_ = true;
  auto made = std::make_shared<core::result<core::erasure_step>>();
  context_->writer->run(
      [made, id = current_->id](core::write_session& session) -> core::result<void> {
        *made = session.erase_organization_rows(id, rows_at_once);
        if (!*made) return core::fail(made->error());
        return {};
      },
      [made, to = caf::actor_cast<caf::actor>(self_)](const core::result<void>& done) {
        if (!done) *made = core::fail(done.error());
        caf::anon_send(to, erasure_stepped{made});
      });
}

// ---- payloads that nobody refers to any more

void erasure_runner_state::sweep() {
  busy_ = true;
  auto more = std::make_shared<bool>(false);
  context_->writer->run(
      [more, &time = context_->time](core::write_session& session) -> core::result<void> {
        auto swept = session.sweep_payloads(time.now(), chunks_at_once);
        if (!swept) return core::fail(swept.error());
        *more = *swept;
        return {};
      },
      [more, to = caf::actor_cast<caf::actor>(self_)](const core::result<void>& done) {
        caf::anon_send(to, payloads_swept{done ? core::result<bool>(*more) : core::fail(done.error())});
      });
}

void erasure_runner_state::on_swept(const payloads_swept& m) {
  busy_ = false;
  if (!m.more) return retry(m.more.error());
  if (*m.more) return sweep();
  begin_compacting();
}

// ---- the engine's files

/// The selector goes with this commit, so that the files are cleaned of it too.
void erasure_runner_state::begin_compacting() {
  current_->certificate = core::sealed_selector(*current_, core::random_bytes(salt_bytes));
  current_->selector.clear();
  current_->state = core::erasure_state::compacting;
  write([changed = *current_](core::write_session& session) { return session.update_erasure(changed); });
}

void erasure_runner_state::compact() {
  busy_ = true;
  context_->readers.run([storage = storage_, most = context_->settings.erasing.compact_max_bytes,
                         to = caf::actor_cast<caf::actor>(self_)](core::read_session* session) {
    if (session == nullptr) return;
    caf::anon_send(to, store_compacted{storage->compact(most)});
  });
}

void erasure_runner_state::on_compacted(const store_compacted& m) {
  busy_ = false;
  if (!m.done) return retry(m.done.error());
  if (*m.done) return certify();
  too_large_ = true;
  core::log(
      core::log_level::warning, "erasure.compaction_postponed",
      "Erased rows are gone, but the file is too large to be rewritten while the node runs: that is done at its next start",
      {{"setting", "retention.compactMaxBytes"}, {"erasures", std::to_string(compacting_.size())}});
  if (asked_) find();
}

void erasure_runner_state::certify() {
  const auto now = context_->time.now();
  for (auto& e : compacting_) {
    e.certificate = core::make_certificate(e, now);
    e.finished_at = now;
    e.state = core::erasure_state::completed;
  }
  write([done = compacting_, now](core::write_session& session) -> core::result<void> {
    for (const auto& e : done) {
      if (auto written = session.update_erasure(e); !written) return written;
      if (auto noted = session.append_audit(completed_entries(e, now)); !noted) return noted;
    }
    return {};
  });
  for (const auto& e : compacting_)
    core::log(core::log_level::info, "erasure.completed", "An erasure is complete and certified",
              {{"erasureId", e.id.to_string()}});
  compacting_.clear();
}

void erasure_runner_state::write(std::function<core::result<void>(core::write_session&)> work) {
  busy_ = true;
  context_->writer->run(std::move(work), [to = caf::actor_cast<caf::actor>(self_)](core::result<void> done) {
    caf::anon_send(to, erasure_ended{std::move(done)});
  });
}

void erasure_runner_state::on_ended(const erasure_ended& m) {
  busy_ = false;
  if (!m.written) return retry(m.written.error());
  if (current_) compacting_.push_back(*std::move(current_));
  next();
}

}  // namespace waybill::actors
