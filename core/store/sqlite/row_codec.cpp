// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/row_codec.hpp"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

namespace waybill::core::sqlite {
namespace {

constexpr std::size_t id_size = 16;

template <class Id>
void append(std::string& to, const Id& id) {
  to.append(reinterpret_cast<const char*>(id.bytes().data()), id_size);
}

template <class Id>
Id id_at(std::string_view packed, std::size_t offset) {
  return Id::from_blob(packed.data() + offset, id_size).value_or(Id{});
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

result<nlohmann::json> parse(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(error_code::internal_error, "a row of the store holds broken JSON");
  return json;
}

result<policy_overrides> policy_column(const rows& row, int column) {
  auto json = parse(row.bytes(column));
  if (!json) return fail(json.error());
  return policy_from_json(*json, "/policy");
}

health_status status_of(const destination_health& health, destination_state state) {
  if (state == destination_state::disabled) return health_status::disabled;
  if (health.breaker != breaker_state::closed) return health_status::unhealthy;
  return health.consecutive_failures > 0 ? health_status::degraded : health_status::healthy;
}

}  // namespace

std::string pack_targets(const std::vector<task>& tasks) {
  std::string packed;
  packed.reserve(tasks.size() * 2 * id_size);
  for (const auto& one : tasks) {
    append(packed, one.id);
    append(packed, one.destination);
  }
  return packed;
}

std::vector<task_target> unpack_targets(std::string_view packed) {
  std::vector<task_target> targets;
  targets.reserve(packed.size() / (2 * id_size));
  for (std::size_t at = 0; at + 2 * id_size <= packed.size(); at += 2 * id_size)
    targets.emplace_back(id_at<task_id>(packed, at), id_at<destination_id>(packed, at + id_size));
  return targets;
}

std::string pack_ids(const std::vector<destination_id>& ids) {
  std::string packed;
  for (const auto& id : ids) append(packed, id);
  return packed;
}

std::vector<destination_id> unpack_ids(std::string_view packed) {
  std::vector<destination_id> ids;
  for (std::size_t at = 0; at + id_size <= packed.size(); at += id_size) ids.push_back(id_at<destination_id>(packed, at));
  return ids;
}

std::string texts_to_json(const std::vector<std::string>& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> texts_from_json(std::string_view json) {
  std::vector<std::string> texts;
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_array()) return texts;
  for (const auto& one : parsed)
    if (one.is_string()) texts.push_back(one.get<std::string>());
  return texts;
}

std::string contains_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

bool contains_text(std::string_view whole, std::string_view part) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return std::search(whole.begin(), whole.end(), part.begin(), part.end(), same) != whole.end() || part.empty();
}

delivery delivery_from(const rows& row) {
  delivery d;
  d.id = row.id<delivery_id>(0);
  d.organization = row.id<organization_id>(1);
  d.created_at = row.time(2);
  d.priority = row.number<std::uint8_t>(3);
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
  d.created_by = row.id<key_id>(16);
  return d;
}

attempt attempt_from(const rows& row) {
  attempt a;
  a.id = row.id<attempt_id>(0);
  a.task = row.id<task_id>(1);
  a.number = row.number<std::uint32_t>(2);
  a.started_at = row.time(3);
  a.duration = milliseconds{row.integer(4)};
  a.result.action = row.number<attempt_action>(5);
  a.result.category = row.number<failure_category>(6);
  a.result.code = row.number<std::int32_t>(7);
  a.result.retry_after = row.maybe_duration(8);
  a.result.bytes_sent = row.number<std::uint64_t>(9);
  a.result.disable_destination = row.integer(10) != 0;
  a.result.external_reference = row.text(11);
  a.result.detail = row.text(12);
  a.result.message = row.text(13);
  a.result.request = row.text(14);
  a.result.response = row.text(15);
  return a;
}

result<destination> destination_from(const rows& row) {
  destination d;
  d.id = row.id<destination_id>(0);
  d.organization = row.id<organization_id>(1);
  d.type = row.text(2);
  d.label = row.text(3);
  auto config = parse(row.bytes(4));
  auto overrides = policy_column(row, 5);
  auto metadata = parse(row.bytes(7));
  if (!config) return fail(config.error());
  if (!overrides) return fail(overrides.error());
  if (!metadata) return fail(metadata.error());
  d.config = std::move(*config);
  d.policy = std::move(*overrides);
  d.tags = texts_from_json(row.bytes(6));
  d.metadata = std::move(*metadata);
  d.state = row.number<destination_state>(8);
  d.disabled_reason = row.text(9);
  d.disabled_at = row.maybe_time(10);
  d.created_at = row.time(11);
  d.updated_at = row.time(12);
  d.version = row.number<std::uint64_t>(13);
  return d;
}

result<destination> destination_with_health_from(const rows& row) {
  auto d = destination_from(row);
  if (d) d->health = row.number<health_status>(14);
  return d;
}

result<organization> organization_from(const rows& row) {
  organization o;
  o.id = row.id<organization_id>(0);
  o.name = row.text(1);
  auto overrides = policy_column(row, 2);
  if (!overrides) return fail(overrides.error());
  o.policy = std::move(*overrides);
  o.created_at = row.time(3);
  o.updated_at = row.time(4);
  o.version = row.number<std::uint64_t>(5);
  return o;
}

api_key key_from(const rows& row) {
  api_key k;
  k.id = row.id<key_id>(0);
  k.organization = row.id<organization_id>(1);
  k.name = row.text(2);
  k.roles = role_set(row.number<std::uint8_t>(3));
  k.secret_hash = row.digest(4);
  k.only_destinations = unpack_ids(row.bytes(5));
  k.allowed_ip_ranges = texts_from_json(row.bytes(6));
  if (!row.is_null(7)) k.allowed_hours.emplace(row.number<std::uint16_t>(7), row.number<std::uint16_t>(8));
  k.expires_at = row.maybe_time(9);
  k.last_used_at = row.maybe_time(10);
  k.revoked_at = row.maybe_time(11);
  k.created_at = row.time(12);
  return k;
}

destination_health health_from(const rows& row) {
  destination_health h;
  h.destination = row.id<destination_id>(0);
  h.disabled_reason = row.text(2);
  h.disabled_at = row.maybe_time(3);
  h.consecutive_failures = row.number<std::uint32_t>(4);
  h.total_failures = row.number<std::uint64_t>(5);
  h.total_deliveries = row.number<std::uint64_t>(6);
  const auto tried = h.total_failures + h.total_deliveries;
  h.success_rate = tried == 0 ? 1.0 : static_cast<double>(h.total_deliveries) / static_cast<double>(tried);
  h.last_failure_at = row.maybe_time(7);
  h.last_success_at = row.maybe_time(8);
  h.breaker = row.number<breaker_state>(9);
  h.breaker_opened_at = row.maybe_time(10);
  h.breaker_next_attempt_at = row.maybe_time(11);
  h.breaker_openings = row.number<std::uint32_t>(12);
  h.status = status_of(h, row.number<destination_state>(1));
  return h;
}

}  // namespace waybill::core::sqlite
