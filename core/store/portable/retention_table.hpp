// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/store/cursor_text.hpp"
#include "core/store/portable/hold_table.hpp"
#include "core/store/portable/link_table.hpp"
#include "core/store/retained_delivery.hpp"

namespace waybill::core::portable {

/// The walk of retention over an organization's deliveries: retention_progress and retention_kept. What is done to a delivery
/// is the engine's: `Engine::delivery_rows` loads deliveries, and does a stage to them.
template <class Engine>
class retention_table {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;
  using delivery_rows = typename Engine::delivery_rows;

  retention_table(connection& db, delivery_rows& deliveries, hold_table<Engine>& holds, link_table<Engine>& links)
      : deliveries_(deliveries),
        holds_(holds),
        links_(links),
        reached_(db, "SELECT reached FROM retention_progress WHERE organization_id = $1 AND stage = $2"),
        skew_(db, "SELECT value FROM store_facts WHERE name = 'id_clock_skew_ms'"),
        fresh_(db, "SELECT id FROM deliveries WHERE organization_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4"),
        kept_(db,
              "SELECT delivery_id FROM retention_kept WHERE organization_id = $1 AND stage = $2 AND delivery_id > $3 "
              "ORDER BY delivery_id LIMIT $4"),
        reach_(db,
               "INSERT INTO retention_progress (organization_id, stage, reached) VALUES ($1, $2, $3) "
               "ON CONFLICT (organization_id, stage) DO UPDATE SET reached = excluded.reached"),
        keep_(db,
              "INSERT INTO retention_kept (organization_id, stage, delivery_id) VALUES ($1, $2, $3) "
              "ON CONFLICT (organization_id, stage, delivery_id) DO NOTHING"),
        let_go_(db, "DELETE FROM retention_kept WHERE organization_id = $1 AND stage = $2 AND delivery_id = $3") {}

  result<retention_candidates> candidates(const retention_range& range, std::uint32_t limit);
  /// `discard(dead letters)` puts them away.
  template <class Discard>
  result<retention_step> apply(const retention_range& range, const std::vector<delivery_id>& ids, milliseconds budget,
                               Discard discard);

private:
  using ids_type = std::vector<delivery_id>;

  result<retention_candidates> collect(rows found, std::uint32_t limit);
  result<retention_candidates> fresh_candidates(const retention_range& range, std::uint32_t limit);
  result<void> drop_those_not_due(const retention_range& range, retention_candidates& from);
  template <class Discard>
  result<void> apply_some(const retention_range& range, const ids_type& ids, const std::vector<legal_hold>& holds,
                          Discard& discard, retention_step& step);
  template <class Discard>
  result<std::uint64_t> apply_to(const retention_range& range, const std::vector<retained_delivery>& some, Discard& discard);
  /// Those to which a download link leads that can still be used, in order.
  result<ids_type> linked(const retention_range& range, const ids_type& ids);
  result<void> remember(const retention_range& range, const ids_type& looked_at, const ids_type& left);

  delivery_rows& deliveries_;
  hold_table<Engine>& holds_;
  link_table<Engine>& links_;
  statement reached_;
  statement skew_;
  statement fresh_;
  statement kept_;
  statement reach_;
  statement keep_;
  statement let_go_;
};

template <class Engine>
result<retention_candidates> retention_table<Engine>::candidates(const retention_range& range, std::uint32_t limit) {
  if (range.stage == retention_stage::dead_letters) return deliveries_.dead_letters(range, limit);
  if (range.walk == retention_walk::fresh) return fresh_candidates(range, limit);
  auto found = collect(kept_.query(range.organization, range.stage, range.after, limit), limit);
  if (!found) return found;
  if (auto done = drop_those_not_due(range, *found); !done) return fail(done.error());
  return found;
}

template <class Engine>
result<retention_candidates> retention_table<Engine>::collect(rows found, std::uint32_t limit) {
  retention_candidates some;
  while (found.next()) some.ids.push_back(found.template id<delivery_id>(0));
  if (found.failed()) return fail(found.failure());
  some.more = some.ids.size() >= limit;
  if (!some.ids.empty()) some.next = some.ids.back().bytes();
  return some;
}

/// An id carries the time it was made at, and the store knows how far that ever was from created_at.
template <class Engine>
result<retention_candidates> retention_table<Engine>::fresh_candidates(const retention_range& range, std::uint32_t limit) {
  id_bytes from = range.after;
  {
    auto reached = reached_.query(range.organization, range.stage);
    if (reached.next()) from = std::max(from, reached.template id<delivery_id>(0).bytes());
    if (reached.failed()) return fail(reached.failure());
  }
  std::int64_t skew = 0;
  {
    auto found = skew_.query();
    if (found.next()) skew = found.integer(0);
    if (found.failed()) return fail(found.failure());
  }
  const auto end = to_unix_ms(range.finished_before) - skew;
  if (end <= 0) return retention_candidates{};
  return collect(fresh_.query(range.organization, from, first_id_at(end), limit), limit);
}

/// Of those that are looked at: none where the stage leaves the content alone.
template <class Engine>
result<typename retention_table<Engine>::ids_type> retention_table<Engine>::linked(const retention_range& range,
                                                                                   const ids_type& ids) {
  if (range.stage != retention_stage::payloads && range.stage != retention_stage::deliveries) return ids_type{};
  return links_.with_live_links(range.organization, ids, range.now);
}

/// On the reader's thread, so that the writer is not asked about what cannot go yet. Those that are not there any more stay
/// in, so that they leave the list.
template <class Engine>
result<void> retention_table<Engine>::drop_those_not_due(const retention_range& range, retention_candidates& from) {
  auto holds = holds_.all(range.organization);
  if (!holds) return fail(holds.error());
  auto loaded = deliveries_.load(range.organization, from.ids);
  if (!loaded) return fail(loaded.error());
  auto kept = linked(range, from.ids);
  if (!kept) return fail(kept.error());
  for (const auto& d : *loaded) {
    const bool is_linked = std::binary_search(kept->begin(), kept->end(), d.head.content.id);
    if (!is_linked && may_go(d, range.stage, range.finished_before, *holds)) continue;
    from.ids.erase(std::remove(from.ids.begin(), from.ids.end(), d.head.content.id), from.ids.end());
  }
  return {};
}

template <class Engine>
template <class Discard>
result<retention_step> retention_table<Engine>::apply(const retention_range& range, const ids_type& ids, milliseconds budget,
                                                      Discard discard) {
  auto holds = holds_.all(range.organization);
  if (!holds) return fail(holds.error());
  const auto until = std::chrono::steady_clock::now() + budget;
  retention_step step;
  while (step.looked_at < ids.size()) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(step.looked_at);
    const auto count = std::min(Engine::deliveries_at_once, ids.size() - static_cast<std::size_t>(step.looked_at));
    const ids_type some(first, first + static_cast<std::ptrdiff_t>(count));
    if (auto done = apply_some(range, some, *holds, discard, step); !done) return fail(done.error());
    step.looked_at += count;
    if (std::chrono::steady_clock::now() >= until) break;
  }
  return step;
}

template <class Engine>
template <class Discard>
result<void> retention_table<Engine>::apply_some(const retention_range& range, const ids_type& ids,
                                                 const std::vector<legal_hold>& holds, Discard& discard, retention_step& step) {
  auto loaded = deliveries_.load(range.organization, ids);
  if (!loaded) return fail(loaded.error());
  auto kept = linked(range, ids);
  if (!kept) return fail(kept.error());
  std::vector<retained_delivery> going;
  ids_type left;
  for (auto& d : *loaded) {
    const bool is_linked = std::binary_search(kept->begin(), kept->end(), d.head.content.id);
    if (!is_linked && may_go(d, range.stage, range.finished_before, holds))
      going.push_back(std::move(d));
    else
      left.push_back(d.head.content.id);
  }
  auto changed = apply_to(range, going, discard);
  if (!changed) return fail(changed.error());
  step.removed += going.size();
  step.rows += *changed;
  if (range.stage == retention_stage::dead_letters) return {};
  return remember(range, ids, left);
}

template <class Engine>
template <class Discard>
result<std::uint64_t> retention_table<Engine>::apply_to(const retention_range& range,
                                                        const std::vector<retained_delivery>& some, Discard& discard) {
  if (range.stage != retention_stage::dead_letters) return deliveries_.apply(range.stage, some);
  std::vector<dead_row> dead;
  for (const auto& d : some)
    for (const auto& letter : d.dead_letters())
      if (letter.finished_at < range.finished_before) dead.push_back(letter);
  result<void> done = discard(dead);
  if (!done) return fail(done.error());
  return static_cast<std::uint64_t>(dead.size());
}

template <class Engine>
result<void> retention_table<Engine>::remember(const retention_range& range, const ids_type& looked_at, const ids_type& left) {
  if (range.walk == retention_walk::kept) {
    for (const auto& id : looked_at) {
      if (std::find(left.begin(), left.end(), id) != left.end()) continue;
      if (auto gone = let_go_.run(range.organization, range.stage, id); !gone) return fail(gone.error());
    }
    return {};
  }
  for (const auto& id : left)
    if (auto kept = keep_.run(range.organization, range.stage, id); !kept) return fail(kept.error());
  if (auto moved = reach_.run(range.organization, range.stage, looked_at.back()); !moved) return fail(moved.error());
  return {};
}

}  // namespace waybill::core::portable
