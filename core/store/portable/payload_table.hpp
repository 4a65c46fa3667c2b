// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/store/payload_store.hpp"

namespace waybill::core::portable {

/// Payloads and their chunks: read one at a time, written as they arrive, removed in small steps when nobody needs them.
/// `Engine` names the engine's connection, statement and rows. Writes run inside the writer's transaction.
template <class Engine>
class payload_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;

  explicit payload_table(connection& db)
      : get_(db, select() + "WHERE organization_id = $1 AND id = $2 AND state = 2"),
        chunk_(db,
               "SELECT c.codec, c.size, c.bytes FROM payloads p JOIN payload_chunks c ON c.payload_id = p.id "
               "WHERE p.organization_id = $1 AND p.id = $2 AND p.state = 2 AND c.number = $3"),
        bytes_(db, "SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM payloads WHERE organization_id = $1 AND state = 2"),
        owner_(db, "SELECT organization_id FROM payloads WHERE id = $1 AND state = 2"),
        same_(db, select() + "WHERE organization_id = $1 AND sha256 = $2 AND size = $3 AND content_type = $4 AND state = 2"),
        begin_(db,
               "INSERT INTO payloads (id, organization_id, state, content_type, size, refs, created_at, expires_at) "
               "VALUES ($1, $2, 1, $3, 0, 0, $4, $5)"),
        push_on_(db, "UPDATE payloads SET size = size + $1, expires_at = $2 WHERE id = $3 AND state = 1"),
        append_(db, "INSERT INTO payload_chunks (payload_id, number, codec, size, bytes) VALUES ($1, $2, $3, $4, $5)"),
        // The size has been counted chunk by chunk: another one means that a chunk is missing.
        finish_(db, "UPDATE payloads SET state = 2, sha256 = $1, expires_at = $2 WHERE id = $3 AND size = $4 AND state = 1"),
        keep_(db, "UPDATE payloads SET expires_at = $1 WHERE id = $2 AND expires_at < $1"),
        give_up_(db, "UPDATE payloads SET state = 3 WHERE id = $1 AND state = 1"),
        give_up_late_(db,
                      "UPDATE payloads SET state = 3 WHERE id IN (SELECT id FROM payloads WHERE expires_at IS NOT NULL "
                      "AND state < 3 AND expires_at <= $1 AND refs = 0 LIMIT 100)"),
        first_given_up_(db, "SELECT id FROM payloads WHERE state = 3 ORDER BY id LIMIT 1"),
        remove_chunks_(db,
                       "DELETE FROM payload_chunks WHERE payload_id = $1 AND number IN "
                       "(SELECT number FROM payload_chunks WHERE payload_id = $1 LIMIT $2)"),
        remove_(db, "DELETE FROM payloads WHERE id = $1") {}

  result<payload> get(organization_id org, payload_id id) {
    auto found = get_.query(org, id);
    if (found.next()) return payload_from(found);
    if (found.failed()) return fail(found.failure());
    return no_such_payload();
  }
  result<payload_chunk> chunk(organization_id org, payload_id id, std::uint32_t number);
  result<std::uint64_t> bytes_of(organization_id org) {
    auto found = bytes_.query(org);
    if (found.next()) return found.template number<std::uint64_t>(0);
    return fail(found.failure());
  }
  result<std::optional<organization_id>> owner(payload_id id) {
    auto found = owner_.query(id);
    std::optional<organization_id> whose;
    if (found.next()) whose = found.template id<organization_id>(0);
    if (found.failed()) return fail(found.failure());
    return whose;
  }

  result<void> begin(const payload& arriving, utc_time expires_at) {
    return done(begin_.run(arriving.id, arriving.organization, arriving.content_type, arriving.created_at, expires_at));
  }
  result<void> append(payload_id id, const payload_chunk& next, utc_time expires_at);
  result<payload> finish(const payload& arrived, utc_time expires_at);
  result<void> abort(payload_id id) { return done(give_up_.run(id)); }
  result<bool> sweep(utc_time now, std::uint32_t most_chunks);

private:
  static std::string select() {
    return "SELECT id, organization_id, content_type, size, sha256, refs, created_at, expires_at FROM payloads ";
  }
  static payload payload_from(const rows& row);
  static tl::unexpected<error> no_such_payload() { return fail(error_code::payload_not_found, "There is no such payload."); }
  static result<void> done(const result<std::int64_t>& changed) {
    if (!changed) return fail(changed.error());
    return {};
  }
  /// The stored one with this content.
  result<std::optional<payload>> same_content(const payload& as);
  result<payload> keep_instead(const payload& arrived, payload kept, utc_time expires_at);

  statement get_;
  statement chunk_;
  statement bytes_;
  statement owner_;
  statement same_;
  statement begin_;
  statement push_on_;
  statement append_;
  statement finish_;
  statement keep_;
  statement give_up_;
  statement give_up_late_;
  statement first_given_up_;
  statement remove_chunks_;
  statement remove_;
};

template <class Engine>
payload payload_table<Engine>::payload_from(const rows& row) {
  payload p;
  p.id = row.template id<payload_id>(0);
  p.organization = row.template id<organization_id>(1);
  p.content_type = row.text(2);
  p.size = row.template number<std::uint64_t>(3);
  p.sha256 = row.digest(4);
  p.references = row.template number<std::uint64_t>(5);
  p.created_at = row.time(6);
  p.expires_at = row.maybe_time(7);
  return p;
}

template <class Engine>
result<payload_chunk> payload_table<Engine>::chunk(organization_id org, payload_id id, std::uint32_t number) {
  auto found = chunk_.query(org, id, number);
  if (!found.next()) {
    if (found.failed()) return fail(found.failure());
    return no_such_payload();
  }
  payload_chunk piece;
  piece.number = number;
  piece.codec = found.template number<chunk_codec>(0);
  piece.size = found.template number<std::uint32_t>(1);
  piece.bytes = found.text(2);
  return piece;
}

template <class Engine>
result<std::optional<payload>> payload_table<Engine>::same_content(const payload& as) {
  auto found = same_.query(as.organization, as.sha256, as.size, as.content_type);
  std::optional<payload> same;
  if (found.next()) same = payload_from(found);
  if (found.failed()) return fail(found.failure());
  return same;
}

template <class Engine>
result<void> payload_table<Engine>::append(payload_id id, const payload_chunk& next, utc_time expires_at) {
  auto pushed = push_on_.run(next.size, expires_at, id);
  if (!pushed) return fail(pushed.error());
  if (*pushed == 0) return no_such_payload();
  return done(append_.run(id, next.number, next.codec, next.size, typename Engine::blob_view(next.bytes)));
}

template <class Engine>
result<payload> payload_table<Engine>::finish(const payload& arrived, utc_time expires_at) {
  auto same = same_content(arrived);
  if (!same) return fail(same.error());
  if (*same) return keep_instead(arrived, *std::move(*same), expires_at);
  auto finished = finish_.run(arrived.sha256, expires_at, arrived.id, arrived.size);
  if (!finished) return fail(finished.error());
  if (*finished == 0) return no_such_payload();
  auto kept = arrived;
  kept.expires_at = expires_at;
  return kept;
}

template <class Engine>
result<payload> payload_table<Engine>::keep_instead(const payload& arrived, payload kept, utc_time expires_at) {
  if (auto given_up = abort(arrived.id); !given_up) return fail(given_up.error());
  if (auto pushed = keep_.run(expires_at, kept.id); !pushed) return fail(pushed.error());
  if (kept.expires_at) kept.expires_at = std::max(*kept.expires_at, expires_at);
  return kept;
}

template <class Engine>
result<bool> payload_table<Engine>::sweep(utc_time now, std::uint32_t most_chunks) {
  if (auto late = give_up_late_.run(now); !late) return fail(late.error());
  payload_id next;
  {
    auto found = first_given_up_.query();
    if (!found.next()) {
      if (found.failed()) return fail(found.failure());
      return false;
    }
    next = found.template id<payload_id>(0);
  }
  auto removed = remove_chunks_.run(next, most_chunks);
  if (!removed) return fail(removed.error());
  if (*removed >= most_chunks) return true;
  if (auto gone = remove_.run(next); !gone) return fail(gone.error());
  return true;
}

}  // namespace waybill::core::portable
