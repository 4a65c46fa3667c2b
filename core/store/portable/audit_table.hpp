// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/security/audit_chain.hpp"
#include "core/store/audit_store.hpp"
#include "core/store/cursor_text.hpp"
#include "core/store/portable/number_cursor.hpp"

namespace waybill::core::portable {

/// The audit trail: audit_log and audit_chains. `Engine` names the engine's connection and statement.
template <class Engine>
class audit_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;

  explicit audit_table(connection& db)
      : db_(db),
        rows_(db, std::string(select) + "WHERE organization_id = $1 AND number > $2 ORDER BY number LIMIT $3"),
        chain_(db, "SELECT anchor_number, anchor_hash, last_number, last_hash FROM audit_chains WHERE organization_id = $1"),
        old_(db,
             "SELECT c.organization_id FROM audit_chains c JOIN audit_log l ON l.organization_id = c.organization_id "
             "AND l.number = c.anchor_number + 1 WHERE l.at < $1"),
        open_(db,
              "INSERT INTO audit_chains (organization_id, anchor_number, anchor_hash, last_number, last_hash) "
              "VALUES ($1, 0, $2, 0, $3) ON CONFLICT (organization_id) DO NOTHING"),
        next_(db,
              "UPDATE audit_chains SET last_number = last_number + 1 WHERE organization_id = $1 "
              "RETURNING last_number, last_hash"),
        insert_(db,
                "INSERT INTO audit_log (organization_id, number, id, at, actor, action, subject, details, previous_hash, hash) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
        close_(db, "UPDATE audit_chains SET last_hash = $1 WHERE organization_id = $2"),
        anchor_(db, "UPDATE audit_chains SET anchor_number = $1, anchor_hash = $2 WHERE organization_id = $3"),
        trim_(db, "DELETE FROM audit_log WHERE organization_id = $1 AND number <= $2") {}

  result<page<audit_row>> list(organization_id chain, const audit_filter& filter, const page_request& request);
  result<std::vector<audit_row>> after(organization_id chain, std::uint64_t number, std::uint32_t limit) {
    return collect(rows_.query(chain, number, limit));
  }
  result<audit_chain_state> chain(organization_id id);
  result<std::vector<organization_id>> chains_with_rows_before(utc_time before);

  result<void> append(const std::vector<audit_entry>& entries);
  result<std::uint64_t> trim(organization_id chain, utc_time before, std::uint32_t limit);

private:
  static constexpr const char* select =
      "SELECT organization_id, number, id, at, actor, action, subject, details, previous_hash, hash FROM audit_log ";

  static audit_row row_from(const rows& row);
  static result<std::vector<audit_row>> collect(rows found);
  result<void> append_one(const audit_entry& entry);

  connection& db_;
  statement rows_;
  statement chain_;
  statement old_;
  statement open_;
  statement next_;
  statement insert_;
  statement close_;
  statement anchor_;
  statement trim_;
};

template <class Engine>
audit_row audit_table<Engine>::row_from(const rows& row) {
  audit_row r;
  r.entry.chain = row.template id<organization_id>(0);
  r.number = row.template number<std::uint64_t>(1);
  r.id = row.template id<audit_id>(2);
  r.entry.at = row.time(3);
  if (!row.is_null(4)) r.entry.actor = row.template id<key_id>(4);
  r.entry.action = row.text(5);
  r.entry.subject = row.text(6);
  r.entry.details = row.text(7);
  r.previous_hash = row.digest(8);
  r.hash = row.digest(9);
  return r;
}

template <class Engine>
result<std::vector<audit_row>> audit_table<Engine>::collect(rows found) {
  std::vector<audit_row> all;
  while (found.next()) all.push_back(row_from(found));
  if (found.failed()) return fail(found.failure());
  return all;
}

/// The text is made of constant parts; only values are bound.
template <class Engine>
result<page<audit_row>> audit_table<Engine>::list(organization_id chain, const audit_filter& filter,
                                                  const page_request& request) {
  auto before = read_number_cursor(cursor_kind::audit, request.cursor, std::numeric_limits<std::int64_t>::max());
  if (!before) return fail(before.error());
  std::string sql = std::string(select) + "WHERE organization_id = $1 AND number < $2";
  int last = 2;
  const auto condition = [&](bool set, const char* text) {
    if (set) sql += text + std::to_string(++last);
  };
  condition(!filter.action.empty(), " AND action = $");
  condition(!filter.subject.empty(), " AND subject = $");
  condition(filter.actor.has_value(), " AND actor = $");
  condition(filter.from.has_value(), " AND at >= $");
  condition(filter.to.has_value(), " AND at < $");
  sql += " ORDER BY number DESC LIMIT $" + std::to_string(++last);
  auto find = Engine::once(db_, std::move(sql));
  int index = 0;
  find.bind_at(++index, chain);
  find.bind_at(++index, *before);
  if (!filter.action.empty()) find.bind_at(++index, filter.action);
  if (!filter.subject.empty()) find.bind_at(++index, filter.subject);
  if (filter.actor) find.bind_at(++index, *filter.actor);
  if (filter.from) find.bind_at(++index, *filter.from);
  if (filter.to) find.bind_at(++index, *filter.to);
  const auto limit = std::max(request.limit, 1u);
  find.bind_at(++index, limit + 1);
  auto found = collect(find.query_bound());
  if (!found) return fail(found.error());
  page<audit_row> answer;
  answer.items = std::move(*found);
  if (answer.items.size() > limit) {
    answer.items.resize(limit);
    answer.next_cursor = make_number_cursor(cursor_kind::audit, answer.items.back().number);
  }
  return answer;
}

template <class Engine>
result<audit_chain_state> audit_table<Engine>::chain(organization_id id) {
  auto found = chain_.query(id);
  audit_chain_state state;
  if (found.next()) {
    state.anchor_number = found.template number<std::uint64_t>(0);
    state.anchor_hash = found.digest(1);
    state.last_number = found.template number<std::uint64_t>(2);
    state.last_hash = found.digest(3);
  }
  if (found.failed()) return fail(found.failure());
  return state;
}

template <class Engine>
result<std::vector<organization_id>> audit_table<Engine>::chains_with_rows_before(utc_time before) {
  std::vector<organization_id> all;
  auto found = old_.query(before);
  while (found.next()) all.push_back(found.template id<organization_id>(0));
  if (found.failed()) return fail(found.failure());
  return all;
}

template <class Engine>
result<void> audit_table<Engine>::append(const std::vector<audit_entry>& entries) {
  for (const auto& entry : entries)
    if (auto done = append_one(entry); !done) return done;
  return {};
}

template <class Engine>
result<void> audit_table<Engine>::append_one(const audit_entry& entry) {
  audit_row row;
  row.entry = entry;
  row.id = audit_id::make();
  const sha256_digest none{};
  if (auto opened = open_.run(entry.chain, none, none); !opened) return fail(opened.error());
  {
    auto place = next_.query(entry.chain);
    if (!place.next()) return fail(place.failure());
    row.number = place.template number<std::uint64_t>(0);
    row.previous_hash = place.digest(1);
  }
  row.hash = audit_hash(row);
  auto inserted = insert_.run(entry.chain, row.number, row.id, entry.at, entry.actor, entry.action, entry.subject,
                              entry.details, row.previous_hash, row.hash);
  if (!inserted) return fail(inserted.error());
  if (auto closed = close_.run(row.hash, entry.chain); !closed) return fail(closed.error());
  return {};
}

template <class Engine>
result<std::uint64_t> audit_table<Engine>::trim(organization_id chain_id, utc_time before, std::uint32_t limit) {
  const auto state = chain(chain_id);
  if (!state) return fail(state.error());
  auto oldest = after(chain_id, state->anchor_number, limit);
  if (!oldest) return fail(oldest.error());
  const auto young = [&](const audit_row& row) { return row.entry.at >= before; };
  const auto end = std::find_if(oldest->begin(), oldest->end(), young);
  if (end == oldest->begin()) return 0;
  const auto& last = *std::prev(end);
  if (auto moved = anchor_.run(last.number, last.hash, chain_id); !moved) return fail(moved.error());
  auto removed = trim_.run(chain_id, last.number);
  if (!removed) return fail(removed.error());
  return static_cast<std::uint64_t>(*removed);
}

}  // namespace waybill::core::portable
