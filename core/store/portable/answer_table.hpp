// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/store/idempotency_store.hpp"

namespace waybill::core::portable {

/// The sealed answers of requests that must have their effect once. `Engine` names the engine's connection, statement and rows.
/// A row past its window counts as none, so a new answer may take its place before the sweep comes by.
template <class Engine>
class answer_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;

  explicit answer_table(connection& db)
      : find_(db,
              "SELECT fingerprint, answer FROM idempotent_answers "
              "WHERE organization_id = $1 AND route = $2 AND key = $3 AND expires_at > $4"),
        keep_(db,
              "INSERT INTO idempotent_answers (organization_id, route, key, fingerprint, answer, expires_at) "
              "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id, route, key) DO UPDATE SET "
              "fingerprint = excluded.fingerprint, answer = excluded.answer, expires_at = excluded.expires_at "
              "WHERE idempotent_answers.expires_at <= $7"),
        sweep_(db,
               "DELETE FROM idempotent_answers WHERE (organization_id, route, key) IN "
               "(SELECT organization_id, route, key FROM idempotent_answers WHERE expires_at <= $1 LIMIT $2)") {}

  result<std::optional<std::string>> find(organization_id org, const once_claim& claim, utc_time now) {
    auto found = find_.query(org, claim.route, claim.key, now);
    if (!found.next()) {
      if (found.failed()) return fail(found.failure());
      return std::optional<std::string>{};
    }
    if (found.digest(0) != claim.fingerprint) return key_reused();
    return std::optional<std::string>{found.text(1)};
  }

  result<void> keep(organization_id org, const once_claim& claim, std::string_view sealed, utc_time expires_at, utc_time now) {
    auto kept = keep_.run(org, claim.route, claim.key, claim.fingerprint, sealed, expires_at, now);
    if (!kept) return fail(kept.error());
    if (*kept == 0) return still_in_progress();
    return {};
  }

  result<std::uint64_t> sweep(utc_time now, std::uint32_t limit) {
    auto swept = sweep_.run(now, limit);
    if (!swept) return fail(swept.error());
    return static_cast<std::uint64_t>(*swept);
  }

private:
  statement find_;
  statement keep_;
  statement sweep_;
};

}  // namespace waybill::core::portable
