// SPDX-License-Identifier: Apache-2.0
#include "core/store/backup/portable_tables.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

using filler = own_column::filler;

constexpr int usual = 2'000;
constexpr int of_records = 200;  // with texts of 64 KiB
constexpr int of_content = 32;   // with a mebibyte each

portable_table plain(std::string_view name, int rows_at_once = usual) { return {name, false, rows_at_once, {}, {}}; }
portable_table seeded(std::string_view name) { return {name, true, usual, {}, {}}; }

std::vector<portable_table> make_tables() {
  return {
      plain("organizations"),
      plain("api_keys"),
      plain("delivery_destinations"),
      plain("destination_health"),
      plain("webhook_secrets"),
      plain("handler_state", of_records),
      plain("idempotency_keys"),
      plain("idempotent_answers", of_records),
      plain("payloads"),
      {"payload_chunks", false, of_content, {{"row"}}, {}},
      plain("deliveries", of_content),
      plain("delivery_tags"),
      seeded("queue_ageing"),
      plain("parked_keys"),
      // SQLite finds a task's attempts as a chain of row numbers, PostgreSQL by an index: the chain is made when all are there.
      {"delivery_attempts", false, of_records, {{"row"}, {"previous"}}, {}},
      {"delivery_queue", false, usual, {{"last_attempt"}}, {}},
      {"delivery_logs", false, usual, {{"last_attempt"}}, {}},
      plain("download_links"),
      plain("download_accesses"),
      plain("jobs"),
      plain("audit_chains"),
      plain("audit_log"),
      plain("legal_holds"),
      plain("erasures"),
      plain("retention_progress"),
      plain("retention_kept"),
      {"counters", true, usual, {}, {{"last_batch", filler::zero}, {"last_writer"}}},
      seeded("store_facts"),
      plain("key_check"),
      seeded("shards"),
  };
}

}  // namespace

const std::vector<portable_table>& portable_tables() {
  static const auto all = make_tables();
  return all;
}

const portable_table* find_portable_table(std::string_view name) {
  const auto& all = portable_tables();
  const auto found = std::find_if(all.begin(), all.end(), [&](const portable_table& t) { return t.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace waybill::core
