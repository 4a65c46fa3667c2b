// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/destination.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// The columns of a row as the domain's values. Each `*_columns` is the SELECT list that its function reads from `first` on.

using task_target = std::pair<task_id, destination_id>;
[[nodiscard]] std::string pack_targets(const std::vector<task>& tasks);
[[nodiscard]] std::vector<task_target> unpack_targets(std::string_view packed);

[[nodiscard]] std::string pack_ids(const std::vector<destination_id>& ids);
[[nodiscard]] std::vector<destination_id> unpack_ids(std::string_view packed);

[[nodiscard]] std::string texts_to_json(const std::vector<std::string>& texts);
[[nodiscard]] std::vector<std::string> texts_from_json(std::string_view json);

/// `text` as a LIKE pattern (ESCAPE '\') for "contains".
[[nodiscard]] std::string contains_pattern(std::string_view text);
/// ASCII letters without case, as LIKE compares.
[[nodiscard]] bool contains_text(std::string_view whole, std::string_view part);

/// deliveries, without content.
inline constexpr const char* delivery_columns =
    "id, organization_id, created_at, priority, payload_type, content_type, filename, metadata, correlation_id, tags, "
    "traceparent, idempotency_key, scheduled_at, deliver_within, ordering_key, sha256, created_by";
inline constexpr int delivery_column_count = 17;
[[nodiscard]] delivery delivery_from(const rows& row);

inline constexpr const char* attempt_columns =
    "id, task_id, number, started_at, duration_ms, action, category, code, retry_after_ms, bytes_sent, disable_destination, "
    "external_reference, detail, message, request, response, previous";
inline constexpr int attempt_previous_column = 16;
[[nodiscard]] attempt attempt_from(const rows& row);

inline constexpr const char* destination_columns =
    "id, organization_id, type, label, config, policy, tags, metadata, state, disabled_reason, disabled_at, created_at, "
    "updated_at, version";
/// internal_error when the row holds JSON that cannot be read.
[[nodiscard]] result<destination> destination_from(const rows& row);
/// The same with health_status_sql in the column after.
[[nodiscard]] result<destination> destination_with_health_from(const rows& row);

inline constexpr const char* organization_columns = "id, name, policy, created_at, updated_at, version";
[[nodiscard]] result<organization> organization_from(const rows& row);

inline constexpr const char* key_columns =
    "id, organization_id, name, roles, secret_hash, only_destinations, allowed_ip_ranges, allowed_from, allowed_to, "
    "expires_at, "
    "last_used_at, revoked_at, created_at";
[[nodiscard]] api_key key_from(const rows& row);

/// delivery_destinations d with destination_health h.
inline constexpr const char* health_columns =
    "d.id, d.state, d.disabled_reason, d.disabled_at, h.consecutive_failures, h.total_failures, h.total_deliveries, "
    "h.last_failure_at, h.last_success_at, h.breaker, h.breaker_opened_at, h.breaker_next_attempt_at, h.breaker_openings";
[[nodiscard]] destination_health health_from(const rows& row);

/// The one rule: disabled; unhealthy while the breaker is not closed; degraded while failures follow each other; else healthy.
/// The numbers of health_status, for a filter in SQL.
inline constexpr const char* health_status_sql =
    "CASE WHEN d.state = 2 THEN 4 WHEN h.breaker <> 1 THEN 3 WHEN h.consecutive_failures > 0 THEN 2 ELSE 1 END";

}  // namespace waybill::core::sqlite
