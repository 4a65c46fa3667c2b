// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/config_writer.hpp"

namespace waybill::core::sqlite {
namespace {

config_writes_sql statements() {
  config_writes_sql sql;
  sql.create_destination =
      "INSERT INTO delivery_destinations (id, organization_id, type, label, config, policy, tags, metadata, "
      "state, disabled_reason, disabled_at, created_at, updated_at, version) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
  sql.create_health = "INSERT INTO destination_health (destination_id) VALUES (?1)";
  sql.update_destination =
      "UPDATE delivery_destinations SET type = ?2, label = ?3, config = ?4, policy = ?5, tags = ?6, "
      "metadata = ?7, updated_at = ?8, version = version + 1 WHERE id = ?1";
  sql.delete_destination = "DELETE FROM delivery_destinations WHERE id = ?1";
  sql.set_state =
      "UPDATE delivery_destinations SET state = ?3, disabled_reason = ?4, disabled_at = ?5, updated_at = ?6, "
      "version = version + 1 WHERE id = ?1 AND organization_id = ?2";
  sql.reset_health =
      "UPDATE destination_health SET consecutive_failures = 0, breaker = 1, breaker_opened_at = NULL, "
      "breaker_next_attempt_at = NULL, breaker_openings = 0 WHERE destination_id = ?1";
  sql.add_secret =
      "INSERT INTO webhook_secrets (id, destination_id, algorithm, secret, customer_supplied, expires_at, "
      "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
  sql.expire_secret = "UPDATE webhook_secrets SET expires_at = ?3 WHERE id = ?1 AND destination_id = ?2";
  sql.put_state = "INSERT OR REPLACE INTO handler_state (destination_id, key, value) VALUES (?1, ?2, ?3)";
  sql.put_key_check = "INSERT OR REPLACE INTO key_check (one, sealed) VALUES (1, ?1)";
  sql.create_organization =
      "INSERT INTO organizations (id, name, policy, created_at, updated_at, version) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
  sql.update_organization =
      "UPDATE organizations SET name = ?2, policy = ?3, updated_at = ?4, version = version + 1 "
      "WHERE id = ?1 AND (?5 = 0 OR version = ?5)";
  sql.create_key =
      "INSERT INTO api_keys (id, organization_id, name, roles, secret_hash, only_destinations, allowed_ip_ranges, "
      "allowed_from, allowed_to, expires_at, last_used_at, revoked_at, created_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
  sql.revoke_key = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?3) WHERE id = ?1 AND organization_id = ?2";
  sql.sweep =
      "DELETE FROM idempotency_keys WHERE (organization_id, route, key) IN "
      "(SELECT organization_id, route, key FROM idempotency_keys WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
  return sql;
}

}  // namespace

config_writer::config_writer(database& db, config_reader& reader)
    : config_writes(db, reader, statements()),
      touch_key_(db, "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1") {}

result<void> config_writer::touch_keys(const std::vector<std::pair<key_id, utc_time>>& used) {
  for (const auto& [id, at] : used)
    if (auto done = touch_key_.run(id, at); !done) return fail(done.error());
  return {};
}

}  // namespace waybill::core::sqlite
