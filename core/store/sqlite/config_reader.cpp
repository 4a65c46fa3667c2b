// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/config_reader.hpp"

namespace waybill::core::sqlite {
namespace {

std::string select(const char* columns, const char* rest) { return std::string("SELECT ") + columns + " FROM " + rest; }

config_reads_sql statements() {
  config_reads_sql sql;
  sql.destination = select(destination_columns, "delivery_destinations WHERE id = ?1");
  sql.destination_list = select((qualified(destination_columns, "d") + ", " + health_status_sql).c_str(),
                                "delivery_destinations d "
                                "JOIN destination_health h ON h.destination_id = d.id "
                                "WHERE d.organization_id = ?1 AND d.id > ?2 ") +
                         "AND (?4 IS NULL OR d.type = ?4) AND (?5 IS NULL OR d.label LIKE ?5 ESCAPE '\\') "
                         "AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(d.tags) WHERE value = ?6)) "
                         "AND (?7 IS NULL OR d.state = ?7) AND (?8 IS NULL OR ?8 = " +
                         health_status_sql + ") ORDER BY d.id LIMIT ?3";
  sql.destination_all = select(destination_columns, "delivery_destinations WHERE id > ?1 ORDER BY id LIMIT ?2");
  sql.owner = "SELECT organization_id FROM delivery_destinations WHERE id = ?1";
  sql.health = select(health_columns,
                      "delivery_destinations d JOIN destination_health h ON h.destination_id = d.id "
                      "WHERE d.id = ?1");
  sql.secrets =
      "SELECT id, destination_id, algorithm, secret, customer_supplied, expires_at, created_at FROM webhook_secrets "
      "WHERE destination_id = ?1 AND (expires_at IS NULL OR expires_at > ?2) ORDER BY created_at DESC, id DESC";
  sql.state = "SELECT value FROM handler_state WHERE destination_id = ?1 AND key = ?2";
  sql.key_check = "SELECT sealed FROM key_check";
  sql.organization = select(organization_columns, "organizations WHERE id = ?1");
  sql.organization_list = select(organization_columns, "organizations WHERE id > ?1 ORDER BY id LIMIT ?2");
  sql.key_list = select(key_columns, "api_keys WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
  sql.key_all = select(key_columns, "api_keys ORDER BY id");
  return sql;
}

}  // namespace

config_reader::config_reader(database& db) : config_reads(db, statements()) {}

}  // namespace waybill::core::sqlite
