// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/store/link_store.hpp"
#include "core/store/paging.hpp"
#include "core/store/portable/hold_table.hpp"
#include "core/store/portable/number_cursor.hpp"
#include "core/store/retained_delivery.hpp"
#include "core/store/row_packing.hpp"

namespace waybill::core::portable {

/// The tables download_links and download_accesses. `Engine` as in retention_table. Writes run inside the writer's
/// transaction, and there is one writer: what is read here is still so when it is written.
template <class Engine>
class link_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;
  using delivery_rows = typename Engine::delivery_rows;

  link_table(connection& db, delivery_rows& deliveries, hold_table<Engine>& holds)
      : db_(db),
        deliveries_(deliveries),
        holds_(holds),
        one_(db, std::string(select) + "WHERE organization_id = $1 AND id = $2"),
        by_token_(db, std::string(select) + "WHERE token_hash = $1"),
        owner_(db, "SELECT organization_id FROM download_links WHERE id = $1"),
        same_(db, std::string(select) +
                      "WHERE organization_id = $1 AND delivery_id = $2 AND destination_id = $3 AND options_hash = $4 "
                      "AND revoked_at IS NULL AND expires_at > $5 ORDER BY id DESC LIMIT 1"),
        live_(db,
              "SELECT delivery_id FROM download_links WHERE organization_id = $1 AND delivery_id >= $2 AND delivery_id <= $3 "
              "AND revoked_at IS NULL AND expires_at > $4 ORDER BY delivery_id"),
        create_(db,
                "INSERT INTO download_links (organization_id, id, delivery_id, destination_id, token_hash, options_hash, "
                "base_url, password_kind, password_hash, password_used, password_failures, allowed_ranges, max_access, "
                "accesses, refusals, log_lines, created_at, expires_at, purge_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $11, 0, 0, 0, $12, $13, $14)"),
        count_(db,
               "UPDATE download_links SET accesses = accesses + 1, log_lines = log_lines + 1, password_failures = 0, "
               "locked_until = NULL, password_used = CASE WHEN password_kind = 3 THEN 1 ELSE 0 END "
               "WHERE organization_id = $1 AND id = $2 AND (max_access = 0 OR accesses < max_access) AND revoked_at IS NULL "
               "AND expires_at > $3 AND (password_kind <> 3 OR password_used = 0) RETURNING log_lines"),
        line_(
            db,
            "INSERT INTO download_accesses (organization_id, link_id, number, at, last_at, address, agent, outcome, requests, "
            "granted, sent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"),
        own_(db,
             "SELECT number FROM download_accesses WHERE organization_id = $1 AND link_id = $2 AND address = $3 AND agent = $4 "
             "AND outcome = 1 AND last_at >= $5 AND granted <= $6 ORDER BY number DESC LIMIT 1"),
        go_on_(db,
               "UPDATE download_accesses SET last_at = $1, requests = requests + 1, granted = granted + $2 "
               "WHERE organization_id = $3 AND link_id = $4 AND number = $5"),
        sent_(db, "UPDATE download_accesses SET sent = sent + $1 WHERE organization_id = $2 AND link_id = $3 AND number = $4"),
        refuse_(
            db,
            "UPDATE download_links SET refusals = refusals + 1, log_lines = log_lines + CASE WHEN refusals < $1 THEN 1 ELSE 0 "
            "END WHERE organization_id = $2 AND id = $3 RETURNING refusals, log_lines"),
        try_(db, "UPDATE download_links SET password_failures = $1, locked_until = $2 WHERE organization_id = $3 AND id = $4"),
        forget_(db,
                "UPDATE download_links SET password_failures = 0, locked_until = NULL WHERE organization_id = $1 AND id = $2 "
                "AND password_failures > 0"),
        set_password_(db,
                      "UPDATE download_links SET password_hash = $1, password_used = 0, password_failures = 0, "
                      "locked_until = NULL WHERE organization_id = $2 AND id = $3"),
        revoke_(db,
                "UPDATE download_links SET revoked_at = $1, revoked_by = $2 WHERE organization_id = $3 AND id = $4 "
                "AND revoked_at IS NULL"),
        accesses_(db,
                  "SELECT number, at, last_at, address, agent, outcome, requests, granted, sent FROM download_accesses "
                  "WHERE organization_id = $1 AND link_id = $2 AND number < $3 ORDER BY number DESC LIMIT $4"),
        due_(db, "SELECT organization_id, id, delivery_id FROM download_links WHERE purge_at <= $1 ORDER BY purge_at LIMIT 1"),
        put_off_(db, "UPDATE download_links SET purge_at = $1 WHERE organization_id = $2 AND id = $3"),
        drop_lines_(db,
                    "DELETE FROM download_accesses WHERE organization_id = $1 AND link_id = $2 AND number IN "
                    "(SELECT number FROM download_accesses WHERE organization_id = $1 AND link_id = $2 LIMIT $3)"),
        drop_(db, "DELETE FROM download_links WHERE organization_id = $1 AND id = $2") {}

  result<download_link> get(organization_id org, link_id id);
  result<std::optional<download_link>> find(const sha256_digest& token_hash);
  result<std::optional<organization_id>> owner(link_id id);
  result<page<download_link>> list(organization_id org, const link_filter& filter, const page_request& request);
  result<page<link_access>> list_accesses(organization_id org, link_id id, const page_request& request);
  result<bool> may_continue(const link_use& use);
  /// Deliveries from the least to the greatest of `ids` with a link that has neither expired nor been revoked, in order.
  result<std::vector<delivery_id>> with_live_links(organization_id org, const std::vector<delivery_id>& ids, utc_time now);

  result<download_link> create(const download_link& made);
  result<link_grant> use(const link_use& use, utc_time now);
  result<void> add_sent(organization_id org, link_id id, std::uint64_t access, std::uint64_t bytes) {
    return done(sent_.run(bytes, org, id, access));
  }
  result<void> note(organization_id org, link_id id, const link_access& line);
  result<bool> try_password(organization_id org, link_id id, utc_time now);
  result<void> forget_tries(organization_id org, link_id id) { return done(forget_.run(org, id)); }
  result<download_link> set_password(organization_id org, link_id id, const std::string& hash);
  result<download_link> revoke(organization_id org, link_id id, key_id by, utc_time now);
  result<bool> sweep(utc_time now, std::uint32_t limit);

private:
  static constexpr const char* select =
      "SELECT id, organization_id, delivery_id, destination_id, token_hash, options_hash, base_url, password_kind, "
      "password_hash, password_used, password_failures, locked_until, allowed_ranges, max_access, accesses, refusals, "
      "created_at, expires_at, revoked_at, revoked_by, purge_at FROM download_links ";

  static download_link link_from(const rows& row);
  static result<void> done(const result<std::int64_t>& changed) {
    if (!changed) return fail(changed.error());
    return {};
  }
  static tl::unexpected<error> no_such_link() { return fail(error_code::link_not_found, "There is no such download link."); }
  /// The first row's link, or link_not_found.
  static result<download_link> first(rows found);
  /// The access that a part goes on with; 0 for none.
  result<std::uint64_t> continued(const link_use& use);
  result<void> write_line(organization_id org, link_id id, const link_access& line);
  result<bool> is_held(organization_id org, delivery_id id);

  connection& db_;
  delivery_rows& deliveries_;
  hold_table<Engine>& holds_;
  statement one_;
  statement by_token_;
  statement owner_;
  statement same_;
  statement live_;
  statement create_;
  statement count_;
  statement line_;
  statement own_;
  statement go_on_;
  statement sent_;
  statement refuse_;
  statement try_;
  statement forget_;
  statement set_password_;
  statement revoke_;
  statement accesses_;
  statement due_;
  statement put_off_;
  statement drop_lines_;
  statement drop_;
};

}  // namespace waybill::core::portable

#include "core/store/portable/link_table_reads.hpp"
#include "core/store/portable/link_table_writes.hpp"
