// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/store/erasure_store.hpp"
#include "core/store/paging.hpp"
#include "core/store/portable/hold_table.hpp"
#include "core/store/portable/organization_rows.hpp"
#include "core/store/retained_delivery.hpp"

#include <nlohmann/json.hpp>

namespace waybill::core::portable {

/// Erasures: the orders, what they name, and the removal. `Engine` as in retention_table.
template <class Engine>
class erasure_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;
  using delivery_rows = typename Engine::delivery_rows;

  erasure_table(connection& db, delivery_rows& deliveries, hold_table<Engine>& holds)
      : db_(db),
        deliveries_(deliveries),
        holds_(holds),
        one_(db, std::string(select) + "WHERE id = $1"),
        list_(db, std::string(select) + "WHERE organization_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
        unfinished_(db, std::string(select) + "WHERE state < 3 ORDER BY id LIMIT 100"),
        all_(db, "SELECT id FROM deliveries WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3"),
        correlation_(db,
                     "SELECT id FROM deliveries WHERE organization_id = $1 AND id > $2 AND correlation_id = $3 "
                     "ORDER BY id LIMIT $4"),
        tag_(db,
             "SELECT delivery_id FROM delivery_tags WHERE organization_id = $1 AND delivery_id > $2 AND tag = $3 "
             "ORDER BY delivery_id LIMIT $4"),
        single_(db, "SELECT id FROM deliveries WHERE organization_id = $1 AND id > $2 AND id = $3"),
        create_(db,
                "INSERT INTO erasures (id, organization_id, scope, selector, reason, requested_by, requested_at, state, "
                "position, erased, cancelled, held, finished_at, certificate) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"),
        update_(db,
                "UPDATE erasures SET selector = $1, state = $2, position = $3, erased = $4, cancelled = $5, held = $6, "
                "finished_at = $7, certificate = $8 WHERE id = $9") {}

  result<erasure> get(erasure_id id);
  result<page<erasure>> list(organization_id org, const page_request& request);
  result<std::vector<erasure>> unfinished();
  result<std::vector<delivery_id>> candidates(const erasure& of, std::uint32_t limit);
  result<std::optional<legal_hold>> hold_against(erasure& of, std::uint32_t most);

  result<void> create(const erasure& e);
  result<void> update(const erasure& e);
  /// `end(delivery)` takes its waiting tasks out of the queue and gives them back, and puts its dead letters away.
  template <class End>
  result<erasure_step> erase_deliveries(erasure_id id, const std::vector<delivery_id>& ids, milliseconds budget, End end);
  result<erasure_step> erase_organization_rows(erasure_id id, std::uint32_t limit);

private:
  static constexpr const char* select =
      "SELECT id, organization_id, scope, selector, reason, requested_by, requested_at, state, position, erased, cancelled, "
      "held, finished_at, certificate FROM erasures ";

  static erasure erasure_from(const rows& row);
  static std::string erased_text(const erasure& e) { return nlohmann::json(e.erased).dump(); }
  result<std::vector<delivery_id>> collect(rows found);
  template <class End>
  result<void> erase_some(erasure_step& step, const std::vector<delivery_id>& ids, const std::vector<legal_hold>& holds,
                          End& end);

  connection& db_;
  delivery_rows& deliveries_;
  hold_table<Engine>& holds_;
  statement one_;
  statement list_;
  statement unfinished_;
  statement all_;
  statement correlation_;
  statement tag_;
  statement single_;
  statement create_;
  statement update_;
};

template <class Engine>
erasure erasure_table<Engine>::erasure_from(const rows& row) {
  erasure e;
  e.id = row.template id<erasure_id>(0);
  e.organization = row.template id<organization_id>(1);
  e.scope = row.template number<data_scope>(2);
  e.selector = row.text(3);
  e.reason = row.text(4);
  e.requested_by = row.template id<key_id>(5);
  e.requested_at = row.time(6);
  e.state = row.template number<erasure_state>(7);
  e.position = row.template id<delivery_id>(8);
  const auto erased = nlohmann::json::parse(row.bytes(9), nullptr, false);
  if (erased.is_object())
    for (const auto& [table, count] : erased.items()) e.erased[table] = count.template get<std::uint64_t>();
  e.cancelled = row.template number<std::uint64_t>(10);
  e.held = row.template number<std::uint64_t>(11);
  e.finished_at = row.maybe_time(12);
  e.certificate = row.text(13);
  return e;
}

template <class Engine>
result<erasure> erasure_table<Engine>::get(erasure_id id) {
  auto found = one_.query(id);
  if (found.next()) return erasure_from(found);
  if (found.failed()) return fail(found.failure());
  return fail(error_code::erasure_not_found, "There is no such erasure.");
}

template <class Engine>
result<page<erasure>> erasure_table<Engine>::list(organization_id org, const page_request& request) {
  const auto before = read_cursor_or(cursor_kind::erasures, request.cursor, highest_id());
  if (!before) return fail(before.error());
  return paginate<erasure>(list_.query(org, *before, request.limit + 1), cursor_kind::erasures, request.limit, erasure_from);
}

template <class Engine>
result<std::vector<erasure>> erasure_table<Engine>::unfinished() {
  std::vector<erasure> all;
  auto found = unfinished_.query();
  while (found.next()) all.push_back(erasure_from(found));
  if (found.failed()) return fail(found.failure());
  return all;
}

template <class Engine>
result<std::vector<delivery_id>> erasure_table<Engine>::collect(rows found) {
  std::vector<delivery_id> ids;
  while (found.next()) ids.push_back(found.template id<delivery_id>(0));
  if (found.failed()) return fail(found.failure());
  return ids;
}

template <class Engine>
result<std::vector<delivery_id>> erasure_table<Engine>::candidates(const erasure& of, std::uint32_t limit) {
  switch (of.scope) {
    case data_scope::organization:
      return collect(all_.query(of.organization, of.position, limit));
    case data_scope::correlation_id:
      return collect(correlation_.query(of.organization, of.position, of.selector, limit));
    case data_scope::tag:
      return collect(tag_.query(of.organization, of.position, of.selector, limit));
    case data_scope::delivery:
      if (const auto wanted = delivery_id::parse(of.selector))
        return collect(single_.query(of.organization, of.position, *wanted));
      break;
    case data_scope::destination:
      break;
  }
  return fail(error_code::internal_error, "an erasure of an unknown kind");
}

template <class Engine>
result<std::optional<legal_hold>> erasure_table<Engine>::hold_against(erasure& of, std::uint32_t most) {
  auto holds = holds_.all(of.organization);
  if (!holds) return fail(holds.error());
  const auto* whole = find_organization_hold(*holds);
  if (whole == nullptr && of.scope == data_scope::organization && !holds->empty()) whole = &holds->front();
  if (whole != nullptr) return std::optional<legal_hold>{*whole};
  auto ids = holds->empty() ? std::vector<delivery_id>{} : candidates(of, most);
  if (!ids) return fail(ids.error());
  auto loaded = deliveries_.load(of.organization, *ids);
  if (!loaded) return fail(loaded.error());
  for (const auto& d : *loaded)
    if (const auto* hold = find_hold(*holds, d.head.content, d.destinations())) return std::optional<legal_hold>{*hold};
  of.position = ids->size() < most ? delivery_id{} : ids->back();
  return std::optional<legal_hold>{};
}

template <class Engine>
result<void> erasure_table<Engine>::create(const erasure& e) {
  auto made = create_.run(e.id, e.organization, e.scope, e.selector, e.reason, e.requested_by, e.requested_at, e.state,
                          e.position, erased_text(e), e.cancelled, e.held, e.finished_at, e.certificate);
  if (!made) return fail(made.error());
  return {};
}

template <class Engine>
result<void> erasure_table<Engine>::update(const erasure& e) {
  auto set =
      update_.run(e.selector, e.state, e.position, erased_text(e), e.cancelled, e.held, e.finished_at, e.certificate, e.id);
  if (!set) return fail(set.error());
  return {};
}

template <class Engine>
template <class End>
result<erasure_step> erasure_table<Engine>::erase_deliveries(erasure_id id, const std::vector<delivery_id>& ids,
                                                             milliseconds budget, End end) {
  auto order = get(id);
  if (!order) return fail(order.error());
  auto holds = holds_.all(order->organization);
  if (!holds) return fail(holds.error());
  erasure_step step;
  step.now = std::move(*order);
  const auto until = std::chrono::steady_clock::now() + budget;
  std::size_t looked_at = 0;
  while (looked_at < ids.size()) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(looked_at);
    const auto count = std::min(Engine::deliveries_at_once, ids.size() - looked_at);
    const std::vector<delivery_id> some(first, first + static_cast<std::ptrdiff_t>(count));
    if (auto done = erase_some(step, some, *holds, end); !done) return fail(done.error());
    looked_at += count;
    if (std::chrono::steady_clock::now() >= until) break;
  }
  if (looked_at > 0) step.now.position = ids[looked_at - 1];
  if (auto written = update(step.now); !written) return fail(written.error());
  return step;
}

template <class Engine>
template <class End>
result<void> erasure_table<Engine>::erase_some(erasure_step& step, const std::vector<delivery_id>& ids,
                                               const std::vector<legal_hold>& holds, End& end) {
  auto loaded = deliveries_.load(step.now.organization, ids);
  if (!loaded) return fail(loaded.error());
  std::vector<retained_delivery> going;
  for (auto& d : *loaded) {
    // Accepted after the order: it did not name it. An organization's erasure takes all.
    if (step.now.scope != data_scope::organization && d.head.content.created_at > step.now.requested_at) continue;
    if (find_hold(holds, d.head.content, d.destinations()) != nullptr) {
      ++step.now.held;
      continue;
    }
    result<std::vector<task>> cancelled = end(d);
    if (!cancelled) return fail(cancelled.error());
    step.now.cancelled += cancelled->size();
    step.cancelled.insert(step.cancelled.end(), cancelled->begin(), cancelled->end());
    going.push_back(std::move(d));
  }
  return deliveries_.remove(going, step.now.erased);
}

/// The first table that still has rows of the organization; those before it are empty.
template <class Engine>
result<erasure_step> erasure_table<Engine>::erase_organization_rows(erasure_id id, std::uint32_t limit) {
  auto order = get(id);
  if (!order) return fail(order.error());
  erasure_step step;
  step.now = std::move(*order);
  if (step.now.scope != data_scope::organization) return fail(error_code::internal_error, "not an organization's erasure");
  for (const auto& table : tables_of_organization) {
    auto erase = Engine::once(db_, erase_sql(table));
    auto removed = erase.run(step.now.organization, limit);
    if (!removed) return fail(removed.error());
    if (*removed == 0) continue;
    step.now.erased[table.name] += static_cast<std::uint64_t>(*removed);
    if (auto written = update(step.now); !written) return fail(written.error());
    return step;
  }
  step.done = true;
  return step;
}

}  // namespace waybill::core::portable
