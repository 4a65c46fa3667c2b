// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/model/delivery.hpp"
#include "core/model/destination.hpp"
#include "core/store/row_packing.hpp"

namespace waybill::core {

/// The columns of a row as the domain's values, the same for every engine. `Row` is the engine's reader of one row (bytes,
/// text, integer, number, time, maybe_time, maybe_duration, digest, id, is_null by column). Each `*_columns` is the SELECT
/// list that its function reads from the first column on.

/// The same columns of a table under another name in a join: "id, type" of "d" is "d.id, d.type".
[[nodiscard]] std::string qualified(std::string_view columns, std::string_view table);

/// internal_error when a row holds JSON that cannot be read.
[[nodiscard]] result<nlohmann::json> json_column(std::string_view text);
[[nodiscard]] result<policy_overrides> policy_column(std::string_view text);
[[nodiscard]] health_status status_of(const destination_health& health, destination_state state);

/// deliveries, without content.
inline constexpr const char* delivery_columns =
    "id, organization_id, created_at, priority, payload_type, content_type, filename, metadata, correlation_id, tags, "
    "traceparent, idempotency_key, scheduled_at, deliver_within, ordering_key, sha256, created_by, "
    "payload_id, size";
inline constexpr int delivery_column_count = 19;
template <class Row>
[[nodiscard]] delivery delivery_from(const Row& row) {
  delivery d;
  d.id = row.template id<delivery_id>(0);
  d.organization = row.template id<organization_id>(1);
  d.created_at = row.time(2);
  d.priority = row.template number<std::uint8_t>(3);
  d.payload_type = row.text(4);
  d.content_type = row.text(5);
  d.filename = row.text(6);
  d.metadata = row.text(7);
  d.correlation_id = row.text(8);
  if (!row.is_null(9)) d.tags = texts_from_json(row.bytes(9));
  d.traceparent = row.text(10);
  d.idempotency_key = row.text(11);
  d.scheduled_at = row.maybe_time(12);
  d.deliver_within = row.maybe_duration(13);
  d.ordering_key = row.text(14);
  d.sha256 = row.digest(15);
  d.created_by = row.template id<key_id>(16);
  if (!row.is_null(17)) {
    d.payload = row.template id<payload_id>(17);
    d.payload_size = row.template number<std::uint64_t>(18);
  }
  return d;
}

inline constexpr const char* attempt_columns =
    "id, task_id, number, started_at, duration_ms, action, category, code, retry_after_ms, bytes_sent, disable_destination, "
    "external_reference, detail, message, request, response, previous";
inline constexpr int attempt_previous_column = 16;
template <class Row>
[[nodiscard]] attempt attempt_from(const Row& row) {
  attempt a;
  a.id = row.template id<attempt_id>(0);
  a.task = row.template id<task_id>(1);
  a.number = row.template number<std::uint32_t>(2);
  a.started_at = row.time(3);
  a.duration = milliseconds{row.integer(4)};
  a.result.action = row.template number<attempt_action>(5);
  a.result.category = row.template number<failure_category>(6);
  a.result.code = row.template number<std::int32_t>(7);
  a.result.retry_after = row.maybe_duration(8);
  a.result.bytes_sent = row.template number<std::uint64_t>(9);
  a.result.disable_destination = row.integer(10) != 0;
  a.result.external_reference = row.text(11);
  a.result.detail = row.text(12);
  a.result.message = row.text(13);
  a.result.request = row.text(14);
  a.result.response = row.text(15);
  return a;
}

inline constexpr const char* destination_columns =
    "id, organization_id, type, label, config, policy, tags, metadata, state, disabled_reason, disabled_at, created_at, "
    "updated_at, version";
/// internal_error when the row holds JSON that cannot be read.
template <class Row>
[[nodiscard]] result<destination> destination_from(const Row& row) {
  destination d;
  d.id = row.template id<destination_id>(0);
  d.organization = row.template id<organization_id>(1);
  d.type = row.text(2);
  d.label = row.text(3);
  auto config = json_column(row.bytes(4));
  auto overrides = policy_column(row.bytes(5));
  auto metadata = json_column(row.bytes(7));
  if (!config) return fail(config.error());
  if (!overrides) return fail(overrides.error());
  if (!metadata) return fail(metadata.error());
  d.config = std::move(*config);
  d.policy = std::move(*overrides);
  d.tags = texts_from_json(row.bytes(6));
  d.metadata = std::move(*metadata);
  d.state = row.template number<destination_state>(8);
  d.disabled_reason = row.text(9);
  d.disabled_at = row.maybe_time(10);
  d.created_at = row.time(11);
  d.updated_at = row.time(12);
  d.version = row.template number<std::uint64_t>(13);
  return d;
}
/// The same with health_status_sql in the column after.
template <class Row>
[[nodiscard]] result<destination> destination_with_health_from(const Row& row) {
  auto d = destination_from(row);
  if (d) d->health = row.template number<health_status>(14);
  return d;
}

inline constexpr const char* organization_columns = "id, name, policy, created_at, updated_at, version";
template <class Row>
[[nodiscard]] result<organization> organization_from(const Row& row) {
  organization o;
  o.id = row.template id<organization_id>(0);
  o.name = row.text(1);
  auto overrides = policy_column(row.bytes(2));
  if (!overrides) return fail(overrides.error());
  o.policy = std::move(*overrides);
  o.created_at = row.time(3);
  o.updated_at = row.time(4);
  o.version = row.template number<std::uint64_t>(5);
  return o;
}

inline constexpr const char* key_columns =
    "id, organization_id, name, roles, secret_hash, only_destinations, allowed_ip_ranges, allowed_from, allowed_to, "
    "expires_at, "
    "last_used_at, revoked_at, created_at";
template <class Row>
[[nodiscard]] api_key key_from(const Row& row) {
  api_key k;
  k.id = row.template id<key_id>(0);
  k.organization = row.template id<organization_id>(1);
  k.name = row.text(2);
  k.roles = role_set(row.template number<std::uint8_t>(3));
  k.secret_hash = row.digest(4);
  k.only_destinations = unpack_ids(row.bytes(5));
  k.allowed_ip_ranges = texts_from_json(row.bytes(6));
  if (!row.is_null(7)) k.allowed_hours.emplace(row.template number<std::uint16_t>(7), row.template number<std::uint16_t>(8));
  k.expires_at = row.maybe_time(9);
  k.last_used_at = row.maybe_time(10);
  k.revoked_at = row.maybe_time(11);
  k.created_at = row.time(12);
  return k;
}

/// delivery_destinations d with destination_health h.
inline constexpr const char* health_columns =
    "d.id, d.state, d.disabled_reason, d.disabled_at, h.consecutive_failures, h.total_failures, h.total_deliveries, "
    "h.last_failure_at, h.last_success_at, h.breaker, h.breaker_opened_at, h.breaker_next_attempt_at, h.breaker_openings";
template <class Row>
[[nodiscard]] destination_health health_from(const Row& row) {
  destination_health h;
  h.destination = row.template id<destination_id>(0);
  h.disabled_reason = row.text(2);
  h.disabled_at = row.maybe_time(3);
  h.consecutive_failures = row.template number<std::uint32_t>(4);
  h.total_failures = row.template number<std::uint64_t>(5);
  h.total_deliveries = row.template number<std::uint64_t>(6);
  const auto tried = h.total_failures + h.total_deliveries;
  h.success_rate = tried == 0 ? 1.0 : static_cast<double>(h.total_deliveries) / static_cast<double>(tried);
  h.last_failure_at = row.maybe_time(7);
  h.last_success_at = row.maybe_time(8);
  h.breaker = row.template number<breaker_state>(9);
  h.breaker_opened_at = row.maybe_time(10);
  h.breaker_next_attempt_at = row.maybe_time(11);
  h.breaker_openings = row.template number<std::uint32_t>(12);
  h.status = status_of(h, row.template number<destination_state>(1));
  return h;
}

/// The one rule: disabled; unhealthy while the breaker is not closed; degraded while failures follow each other; else healthy.
/// The numbers of health_status, for a filter in SQL.
inline constexpr const char* health_status_sql =
    "CASE WHEN d.state = 2 THEN 4 WHEN h.breaker <> 1 THEN 3 WHEN h.consecutive_failures > 0 THEN 2 ELSE 1 END";

}  // namespace waybill::core
