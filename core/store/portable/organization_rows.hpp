// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>

namespace waybill::core::portable {

/// A table that holds rows of organizations apart from their deliveries: which columns name a row, and which rows are the
/// organization's.
struct organization_table {
  const char* name;
  const char* key;
  const char* condition = "organization_id = $1";
};

/// In the order in which an erasure takes them: what refers to another first. A test holds this list against the schema:
/// every table with an organization's rows is here, in `tables_of_deliveries`, or in `tables_that_stay`.
inline constexpr std::array<organization_table, 17> tables_of_organization{{
    {"download_accesses", "organization_id, link_id, number"},
    {"download_links", "organization_id, id"},
    {"delivery_tags", "organization_id, tag, delivery_id"},
    {"idempotency_keys", "organization_id, route, key"},
    {"idempotent_answers", "organization_id, route, key"},
    {"parked_keys", "destination_id, task_id"},
    {"payload_chunks", "payload_id, number", "payload_id IN (SELECT id FROM payloads WHERE organization_id = $1)"},
    {"payloads", "id"},
    {"jobs", "id"},
    {"legal_holds", "organization_id, id"},
    {"retention_kept", "organization_id, stage, delivery_id"},
    {"retention_progress", "organization_id, stage"},
    {"webhook_secrets", "id", "destination_id IN (SELECT id FROM delivery_destinations WHERE organization_id = $1)"},
    {"handler_state", "destination_id, key",
     "destination_id IN (SELECT id FROM delivery_destinations WHERE organization_id = $1)"},
    {"delivery_destinations", "id"},  // with destination_health, by cascade
    {"api_keys", "id"},
    {"organizations", "id", "id = $1"},
}};
inline constexpr std::array<const char*, 3> tables_of_deliveries{"deliveries", "delivery_queue", "delivery_logs"};
/// The trail and the certificates must outlive what they tell of; neither names a person.
inline constexpr std::array<const char*, 3> tables_that_stay{"audit_log", "audit_chains", "erasures"};

/// Constant parts only: names from the table above.
[[nodiscard]] inline std::string erase_sql(const organization_table& table) {
  const std::string name = table.name, key = table.key;
  return "DELETE FROM " + name + " WHERE (" + key + ") IN (SELECT " + key + " FROM " + name + " WHERE " + table.condition +
         " LIMIT $2)";
}

}  // namespace waybill::core::portable
