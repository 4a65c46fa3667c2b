// SPDX-License-Identifier: Apache-2.0
#pragma once

// Of link_table.hpp, which includes it: what is read.
namespace waybill::core::portable {

template <class Engine>
download_link link_table<Engine>::link_from(const rows& row) {
  download_link l;
  l.id = row.template id<link_id>(0);
  l.organization = row.template id<organization_id>(1);
  l.delivery = row.template id<delivery_id>(2);
  l.destination = row.template id<destination_id>(3);
  l.token_hash = row.digest(4);
  l.options_hash = row.digest(5);
  l.base_url = row.text(6);
  l.password = row.template number<link_password>(7);
  l.password_hash = row.text(8);
  l.password_used = row.integer(9) != 0;
  l.password_failures = row.template number<std::uint32_t>(10);
  l.locked_until = row.maybe_time(11);
  l.allowed_ranges = texts_from_json(row.bytes(12));
  l.max_access = row.template number<std::uint64_t>(13);
  l.accesses = row.template number<std::uint64_t>(14);
  l.refusals = row.template number<std::uint64_t>(15);
  l.created_at = row.time(16);
  l.expires_at = row.time(17);
  l.revoked_at = row.maybe_time(18);
  if (!row.is_null(19)) l.revoked_by = row.template id<key_id>(19);
  l.purge_at = row.time(20);
  return l;
}

template <class Engine>
result<download_link> link_table<Engine>::first(rows found) {
  if (found.next()) return link_from(found);
  if (found.failed()) return fail(found.failure());
  return no_such_link();
}

template <class Engine>
result<download_link> link_table<Engine>::get(organization_id org, link_id id) {
  return first(one_.query(org, id));
}

template <class Engine>
result<std::optional<download_link>> link_table<Engine>::find(const sha256_digest& token_hash) {
  auto found = first(by_token_.query(token_hash));
  if (found) return std::optional<download_link>(std::move(*found));
  if (found.error().code == error_code::link_not_found) return std::optional<download_link>{};
  return fail(found.error());
}

template <class Engine>
result<std::optional<organization_id>> link_table<Engine>::owner(link_id id) {
  auto found = owner_.query(id);
  std::optional<organization_id> whose;
  if (found.next()) whose = found.template id<organization_id>(0);
  if (found.failed()) return fail(found.failure());
  return whose;
}

/// The text is made of constant parts; only values are bound.
template <class Engine>
result<page<download_link>> link_table<Engine>::list(organization_id org, const link_filter& filter,
                                                     const page_request& request) {
  const auto before = read_cursor_or(cursor_kind::links, request.cursor, highest_id());
  if (!before) return fail(before.error());
  std::string sql = std::string(select) + "WHERE organization_id = $1 AND id < $2";
  int last = 2;
  if (filter.delivery) sql += " AND delivery_id = $" + std::to_string(++last);
  if (filter.destination) sql += " AND destination_id = $" + std::to_string(++last);
  sql += " ORDER BY id DESC LIMIT $" + std::to_string(++last);
  auto find = Engine::once(db_, std::move(sql));
  int index = 0;
  find.bind_at(++index, org);
  find.bind_at(++index, *before);
  if (filter.delivery) find.bind_at(++index, *filter.delivery);
  if (filter.destination) find.bind_at(++index, *filter.destination);
  find.bind_at(++index, request.limit + 1);
  return paginate<download_link>(find.query_bound(), cursor_kind::links, request.limit, link_from);
}

template <class Engine>
result<page<link_access>> link_table<Engine>::list_accesses(organization_id org, link_id id, const page_request& request) {
  if (auto there = get(org, id); !there) return fail(there.error());
  const auto before = read_number_cursor(cursor_kind::link_accesses, request.cursor, std::numeric_limits<std::int64_t>::max());
  if (!before) return fail(before.error());
  const auto limit = std::max(request.limit, 1u);
  page<link_access> answer;
  auto row = accesses_.query(org, id, *before, limit + 1);
  while (row.next()) {
    if (answer.items.size() >= limit) {
      answer.next_cursor = make_number_cursor(cursor_kind::link_accesses, answer.items.back().number);
      return answer;
    }
    link_access line;
    line.number = row.template number<std::uint64_t>(0);
    line.at = row.time(1);
    line.last_at = row.time(2);
    line.address = row.text(3);
    line.agent = row.text(4);
    line.outcome = row.template number<access_outcome>(5);
    line.requests = row.template number<std::uint32_t>(6);
    line.granted = row.template number<std::uint64_t>(7);
    line.sent = row.template number<std::uint64_t>(8);
    answer.items.push_back(std::move(line));
  }
  if (row.failed()) return fail(row.failure());
  return answer;
}

/// Twice the content, so that what was cut off can be fetched again, and nobody fetches for ever on one access.
template <class Engine>
result<std::uint64_t> link_table<Engine>::continued(const link_use& use) {
  const auto most = 2 * use.size;
  if (!use.is_part || use.bytes > most) return std::uint64_t{0};
  auto found = own_.query(use.organization, use.id, use.address, use.agent, use.continues_since, most - use.bytes);
  std::uint64_t number = 0;
  if (found.next()) number = found.template number<std::uint64_t>(0);
  if (found.failed()) return fail(found.failure());
  return number;
}

template <class Engine>
result<bool> link_table<Engine>::may_continue(const link_use& use) {
  auto access = continued(use);
  if (!access) return fail(access.error());
  return *access != 0;
}

template <class Engine>
result<std::vector<delivery_id>> link_table<Engine>::with_live_links(organization_id org, const std::vector<delivery_id>& ids,
                                                                     utc_time now) {
  std::vector<delivery_id> live;
  if (ids.empty()) return live;
  const auto [least, greatest] = std::minmax_element(ids.begin(), ids.end());
  auto found = live_.query(org, *least, *greatest, now);
  while (found.next()) live.push_back(found.template id<delivery_id>(0));
  if (found.failed()) return fail(found.failure());
  return live;
}

}  // namespace waybill::core::portable
