// SPDX-License-Identifier: Apache-2.0
#include "actors/intake_actor.hpp"

#include <algorithm>
#include <utility>

#include "core/queue/delivery_times.hpp"
#include "core/queue/task_rank.hpp"
#include "core/security/digest.hpp"

namespace waybill::actors {
namespace {

constexpr core::milliseconds full_queue_wait{1'000};  // for Retry-After

core::delivery_receipt receipt_of(const core::delivery& d, const std::vector<core::task>& tasks) {
  core::delivery_receipt receipt;
  receipt.id = d.id;
  receipt.queued_at = d.created_at;
  receipt.destinations.reserve(tasks.size());
  for (const auto& task : tasks) receipt.destinations.push_back({task.destination, task.id, core::task_status::pending});
  return receipt;
}

core::delivery_receipt replay_of(const core::accept_result& accepted) {
  core::delivery_receipt receipt;
  receipt.id = accepted.original;
  receipt.queued_at = accepted.original_created_at;
  receipt.replayed = true;
  for (const auto& [task, destination] : accepted.original_tasks)
    receipt.destinations.push_back({destination, task, core::task_status::pending});
  return receipt;
}

/// A trace of its own for a delivery that came without one (W3C Trace Context, version 00): the trace id is the delivery's id,
/// so either is found by the other; not sampled.
std::string trace_of(core::delivery_id id) {
  const auto& bytes = id.bytes();
  return "00-" + core::to_hex(bytes.data(), bytes.size()) + "-" + core::to_hex(bytes.data() + 8, 8) + "-00";
}

/// Runs on the writer's thread, after the commit.
void answer(engine_context& context, submission& s, const core::delivery_ptr& content, std::vector<core::task>& tasks,
            core::result<core::accept_result> accepted) {
  context.ledger.give_back(content->organization, tasks.size());
  if (!accepted) return s.reply(core::fail(std::move(accepted.error())));
  switch (accepted->outcome) {
    case core::accept_result::kind::replayed:
      return s.reply(replay_of(*accepted));
    case core::accept_result::kind::key_reused:
      return s.reply(core::fail(core::error_code::idempotency_key_reused,
                                "the idempotency key was used for another request; a new request needs a new key"));
    case core::accept_result::kind::accepted:
      break;
  }
  context.figures.accepted(tasks.size());
  s.reply(receipt_of(*content, tasks));
  if (content->deliver_within) context.note_deadline(content->created_at + *content->deliver_within);
  const auto& held = accepted->held;
  for (auto& task : tasks)
    if (held.empty() || std::find(held.begin(), held.end(), task.id) == held.end()) context.relay.add_accepted({task, content});
}

}  // namespace

caf::behavior intake_actor(caf::stateful_actor<intake_state>* self, engine_context* context) {
  return self->state.start(self, *context);
}

caf::behavior intake_state::start(caf::event_based_actor* self, engine_context& context) {
  context_ = &context;
  guard_defaults(self, name);
  self->set_default_handler(caf::drop);
  return {[this](const submit& m) { on_submit(m); }};
}

void intake_state::on_submit(const submit& m) {
  auto& s = *m.what;
  if (auto fine = check(s); !fine) return s.reply(core::fail(std::move(fine.error())));
  auto delivery = make_delivery(s);
  auto content = delivery.content;
  auto tasks = delivery.tasks;
  context_->writer->accept(std::move(delivery), [context = context_, what = m.what, content = std::move(content),
                                                 tasks = std::move(tasks)](core::result<core::accept_result> accepted) mutable {
    answer(*context, *what, content, tasks, std::move(accepted));
  });
}

core::result<void> intake_state::check(const submission& s) const {
  if (context_->draining.load(std::memory_order_relaxed))
    return core::fail(core::error_code::shutting_down, "the node is shutting down");
  const auto& r = s.request;
  if (auto faults = core::check_delivery_times(r.scheduled_at, r.deliver_within, context_->time.now()); !faults.empty())
    return core::fail({core::error_code::validation_error, "the times do not fit", std::move(faults), std::nullopt});
  const auto& wanted = s.request.destinations;
  if (wanted.empty())
    return core::fail({core::error_code::validation_error,
                       "no destination named",
                       {{"/destinations", "required", "name at least one destination: the organization has no defaults"}},
                       std::nullopt});
  core::error unknown{core::error_code::destination_not_found, "a destination does not exist", {}, std::nullopt};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto known = context_->directory.find(wanted[i]);
    const auto& only = s.caller.only_destinations;
    const bool in_reach = only.empty() || std::find(only.begin(), only.end(), wanted[i]) != only.end();
    if (known && known->organization == s.caller.organization && in_reach) continue;
    if (known && known->organization != s.caller.organization) {
      context_->figures.security_event("foreign_destination");
      core::log(core::log_level::warning, "security.foreign_id", "A destination of another organization was asked for",
                {{"organizationId", s.caller.organization.to_string()},
                 {"keyId", s.caller.key.to_string()},
                 {"destinationId", wanted[i].to_string()},
                 {"requestId", s.caller.request_id}});
    }
    unknown.fields.push_back({"/destinations/" + std::to_string(i), "exists", "no such destination: " + wanted[i].to_string()});
  }
  if (!unknown.fields.empty()) return core::fail(std::move(unknown));
  return admit(s);
}

/// Takes the delivery's places in the queue; `answer` gives them back.
core::result<void> intake_state::admit(const submission& s) const {
  const auto verdict = context_->ledger.admit(s.caller.organization, s.request.destinations.size());
  if (verdict == core::queue_ledger::verdict::admitted) return {};
  context_->figures.count("deliveries_refused_queue_full", "Deliveries refused because a queue limit was reached");
  const auto* full =
      verdict == core::queue_ledger::verdict::engine_full ? "the queue is full" : "the organization's queue is full";
  return core::fail({core::error_code::queue_full, full, {}, full_queue_wait});
}

core::new_delivery intake_state::make_delivery(submission& s) const {
  auto& r = s.request;
  const auto now = context_->time.now();
  auto d = std::make_shared<core::delivery>();
  d->id = core::delivery_id::make();
  d->organization = s.caller.organization;
  d->created_by = s.caller.key;
  d->created_at = now;
  d->payload_type = std::move(r.payload_type);
  d->content_type = std::move(r.content_type);
  d->filename = std::move(r.filename);
  if (s.payload) {
    if (d->content_type.empty()) d->content_type = std::move(s.payload->content_type);
    d->payload = s.payload->id;
    d->payload_size = s.payload->size;
    d->sha256 = s.payload->sha256;
  } else {
    d->content = std::move(r.content);
    d->sha256 = core::sha256(d->content);
  }
  d->metadata = std::move(r.metadata);
  d->priority = r.priority;
  d->correlation_id = std::move(r.correlation_id);
  d->tags = std::move(r.tags);
  d->traceparent = r.traceparent.empty() ? trace_of(d->id) : std::move(r.traceparent);
  d->idempotency_key = r.idempotency_key;
  d->scheduled_at = r.scheduled_at;
  d->deliver_within = r.deliver_within;
  d->ordering_key = std::move(r.ordering_key);

  core::new_delivery out;
  out.tasks.reserve(r.destinations.size());
  for (const auto& destination : r.destinations) {
    core::task t;
    t.id = core::task_id::make();
    t.delivery = d->id;
    t.organization = d->organization;
    t.destination = destination;
    t.owner_epoch = context_->epoch;
    t.priority = d->priority;
    t.created_at = now;
    t.rank = core::rank_of(now, t.priority, context_->settings.queue.priority_ageing);
    t.due_at = d->scheduled_at ? std::max(*d->scheduled_at, now) : now;
    if (d->deliver_within) t.deliver_by = now + *d->deliver_within;
    out.tasks.push_back(t);
  }
  if (!r.idempotency_key.empty())
    out.idempotency = core::idempotency_claim{"POST /v1/deliveries", std::move(r.idempotency_key), r.body_hash,
                                              now + context_->settings.security.idempotency_window};
  out.content = std::move(d);
  return out;
}

}  // namespace waybill::actors
