// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/config_reader.hpp"

namespace waybill::core::postgres {
namespace {

std::string select(const std::string& columns, const char* rest) { return "SELECT " + columns + " FROM " + rest; }

// jsonb cannot hold a zero, which tags may have as an escape.
std::string list_destinations_sql() {
  return select(qualified(destination_columns, "d") + ", " + health_status_sql,
                "delivery_destinations d JOIN destination_health h ON h.destination_id = d.id "
                "WHERE d.organization_id = $1 AND d.id > $2 AND ($4::text IS NULL OR d.type = $4) "
                "AND ($5::text IS NULL OR d.label ILIKE $5) AND ($6::text IS NULL OR "
                "CASE WHEN strpos(d.tags, '\\u0000') > 0 THEN false ELSE jsonb_exists(d.tags::jsonb, $6) END) "
                "AND ($7::bigint IS NULL OR d.state = $7) AND ($8::bigint IS NULL OR $8 = ") +
         health_status_sql + ") ORDER BY d.id LIMIT $3";
}

config_reads_sql statements() {
  config_reads_sql sql;
  sql.destination = select(destination_columns, "delivery_destinations WHERE id = $1");
  sql.destination_list = list_destinations_sql();
  sql.destination_all = select(destination_columns, "delivery_destinations WHERE id > $1 ORDER BY id LIMIT $2");
  sql.owner = "SELECT organization_id FROM delivery_destinations WHERE id = $1";
  sql.health =
      select(health_columns, "delivery_destinations d JOIN destination_health h ON h.destination_id = d.id WHERE d.id = $1");
  sql.secrets =
      "SELECT id, destination_id, algorithm, secret, customer_supplied, expires_at, created_at FROM webhook_secrets "
      "WHERE destination_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at DESC, id DESC";
  sql.state = "SELECT value FROM handler_state WHERE destination_id = $1 AND key = $2";
  sql.key_check = "SELECT sealed FROM key_check";
  sql.organization = select(organization_columns, "organizations WHERE id = $1");
  sql.organization_list = select(organization_columns, "organizations WHERE id > $1 ORDER BY id LIMIT $2");
  sql.key_list = select(key_columns, "api_keys WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3");
  sql.key_all = select(key_columns, "api_keys ORDER BY id");
  return sql;
}

}  // namespace

config_reader::config_reader(connection& db) : config_reads(db, statements()) {}

}  // namespace waybill::core::postgres
