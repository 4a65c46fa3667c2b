// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/postgres_store.hpp"

#include "core/store/postgres/migration.hpp"
#include "core/store/postgres/server_url.hpp"
#include "core/store/postgres/statement.hpp"
#include "core/telemetry/log.hpp"

namespace waybill::core::postgres {
namespace {

constexpr int oldest_server = 130'000;

/// A server that does not keep what it has acknowledged makes a promise of this program untrue; one that cannot hold every
/// text would lose outcomes.
result<void> check_server(connection& db) {
  statement read(db,
                 "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding'), "
                 "current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', "
                 "current_setting('synchronous_commit')",
                 statement_life::once);
  auto found = read.query();
  if (!found.next()) return fail(error_code::store_unavailable, found.failure().message);
  if (found.integer(0) < oldest_server) return fail(error_code::store_unavailable, "the server is older than PostgreSQL 13");
  if (found.text(1) != "UTF8")
    return fail(error_code::store_unavailable, "the database has the encoding " + found.text(1) + "; it must be UTF8");
  if (found.integer(2) == 0 || found.integer(3) == 0)
    log(log_level::warning, "store.not_durable",
        "The PostgreSQL server runs with fsync or full_page_writes off: a power cut can lose deliveries that were accepted");
  if (found.text(4) == "off")
    return fail(error_code::store_unavailable, "the server does not let synchronous_commit be turned on for this session");
  return {};
}

}  // namespace

result<std::unique_ptr<store>> postgres_store::open(std::string_view url, const server_settings& settings) {
  auto parameters = connection_settings_of(url, settings);
  if (!parameters) return fail(parameters.error());
  connection db(*parameters, connection_kind::writer);
  if (auto opened = db.open(); !opened) return fail(opened.error());
  if (auto right = check_server(db); !right) return fail(right.error());
  if (auto migrated = migrate(db); !migrated) return fail(migrated.error());
  std::unique_ptr<store> opened(new postgres_store(std::move(*parameters)));
  return opened;
}

result<std::unique_ptr<write_session>> postgres_store::open_writer() { return make_writer(settings_); }

result<std::unique_ptr<read_session>> postgres_store::open_reader() { return make_reader(pool_); }

/// Makes the rows' room free for others to overwrite, beside the traffic. What went into the write-ahead log and its archives
/// before is the server's to keep as long as it is told to.
result<bool> postgres_store::compact(std::uint64_t) {
  connection db(settings_, connection_kind::writer);
  if (auto opened = db.open(); !opened) return fail(opened.error());
  if (auto set = db.execute_script("SET statement_timeout = 0"); !set) return fail(set.error());
  auto done = db.execute_script(
      "VACUUM deliveries, delivery_queue, delivery_logs, delivery_attempts, delivery_tags, idempotency_keys, "
      "delivery_destinations, destination_health, webhook_secrets, handler_state, api_keys, organizations, erasures",
      std::chrono::hours{24});
  if (!done) return fail(done.error());
  return true;
}

}  // namespace waybill::core::postgres
