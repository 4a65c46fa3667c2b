// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/accept_columns.hpp"

#include "core/store/row_packing.hpp"

namespace waybill::core::postgres {
namespace {

template <class... Columns>
void clear_all(Columns&... columns) {
  (columns.clear(), ...);
}

}  // namespace

void accept_columns::clear() {
  auto& d = delivery;
  clear_all(d.number, d.id, d.organization, d.created_by, d.created_at, d.priority, d.payload_type, d.content_type, d.filename,
            d.metadata, d.correlation, d.tags, d.traceparent, d.idempotency, d.scheduled_at, d.deliver_within, d.ordering_key,
            d.tasks, d.size, d.sha256, d.content, d.payload);
  auto& t = task;
  clear_all(t.id, t.destination, t.delivery, t.organization, t.rank, t.due_at, t.epoch, t.created_at, t.deliver_by, t.attempts,
            t.total_attempts, t.shard, t.priority, t.deferred, t.state, t.ordering_number, t.ordering_state, t.ordering_key);
  clear_all(tag.organization, tag.tag, tag.delivery);
  clear_all(key.organization, key.route, key.key, key.body_hash, key.delivery, key.expires_at);
  clear_all(payload.id, payload.organization, destinations_);
  known_.clear();
}

void accept_columns::add(const new_delivery& request, std::optional<std::int64_t> number) {
  const auto& d = *request.content;
  delivery.number.add(number);
  delivery.id.add(d.id);
  delivery.organization.add(d.organization);
  delivery.created_by.add(d.created_by);
  delivery.created_at.add(d.created_at);
  delivery.priority.add(std::int64_t{d.priority});
  delivery.payload_type.add_text_or_null(d.payload_type);
  delivery.content_type.add_text_or_null(d.content_type);
  delivery.filename.add_text_or_null(d.filename);
  d.metadata == empty_object ? delivery.metadata.add_null() : delivery.metadata.add_text(d.metadata);
  delivery.correlation.add_text_or_null(d.correlation_id);
  delivery.tags.add_text_or_null(d.tags.empty() ? std::string() : texts_to_json(d.tags));
  delivery.traceparent.add_text_or_null(d.traceparent);
  delivery.idempotency.add_text_or_null(d.idempotency_key);
  delivery.scheduled_at.add(d.scheduled_at);
  delivery.deliver_within.add(d.deliver_within);
  delivery.ordering_key.add_text_or_null(d.ordering_key);
  delivery.tasks.add(std::string_view(pack_targets(request.tasks)));
  delivery.size.add(static_cast<std::int64_t>(d.content_size()));
  delivery.sha256.add(d.sha256);
  delivery.content.add(std::string_view(d.content));
  delivery.payload.add(d.in_memory() ? std::nullopt : std::optional(d.payload));
  for (const auto& text : d.tags) {
    tag.organization.add(d.organization);
    tag.tag.add_text(text);
    tag.delivery.add(d.id);
  }
  if (!d.in_memory()) {
    payload.id.add(d.payload);
    payload.organization.add(d.organization);
  }
  if (!request.idempotency) return;
  key.organization.add(d.organization);
  key.route.add_text(request.idempotency->route);
  key.key.add_text(request.idempotency->key);
  key.body_hash.add(request.idempotency->body_hash);
  key.delivery.add(d.id);
  key.expires_at.add(request.idempotency->expires_at);
}

void accept_columns::add(const core::task& one, std::int16_t deferred) {
  if (known_.insert(one.destination).second) destinations_.add(one.destination);
  task.id.add(one.id);
  task.destination.add(one.destination);
  task.delivery.add(one.delivery);
  task.organization.add(one.organization);
  task.rank.add(one.rank);
  task.due_at.add_unless(to_unix_ms(one.created_at), to_unix_ms(one.due_at));
  task.epoch.add(static_cast<std::int64_t>(one.owner_epoch));
  task.created_at.add(one.created_at);
  task.deliver_by.add(one.deliver_by);
  task.attempts.add_unless(0, one.attempts);
  task.total_attempts.add_unless(0, one.total_attempts);
  task.shard.add(std::int64_t{shard_of(one.destination)});
  task.priority.add(std::int64_t{one.priority});
  task.deferred.add_unless(0, deferred);
  task.state.add_unless(static_cast<std::int64_t>(task_status::pending), static_cast<std::int64_t>(one.status));
}

void accept_columns::add_unordered() {
  task.ordering_number.add_null();
  task.ordering_state.add_null();
  task.ordering_key.add_null();
}

void accept_columns::add_ordered(std::int64_t number, std::int64_t state, const std::string& ordering_key) {
  task.ordering_number.add(number);
  task.ordering_state.add(state);
  task.ordering_key.add_text(ordering_key);
}

}  // namespace waybill::core::postgres
