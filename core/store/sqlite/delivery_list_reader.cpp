// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/delivery_list_reader.hpp"

#include <algorithm>
#include <functional>

#include "core/store/cursor_text.hpp"

namespace waybill::core::sqlite {
namespace {

// What one call looks at, at some 5 microseconds each: a filter that hardly anything passes cannot hold a reader for long.
constexpr std::uint32_t max_examined = 50'000;
// What waits is mostly new: a look at the newest finds a page of it unless nearly everything is done already.
constexpr std::uint32_t newest_examined = 2'000;
constexpr std::uint32_t chunk_size = 128;

}  // namespace

// ?1 whose, [?2, ?3) the ids, ?4 how many, ?5 what the source is narrowed by.
delivery_list_reader::delivery_list_reader(database& db, delivery_reader& deliveries, task_reader& tasks)
    : deliveries_(deliveries),
      tasks_(tasks),
      all_(db,
           "SELECT id FROM deliveries WHERE organization_id = ?1 AND id >= ?2 AND id < ?3 "
           "ORDER BY id DESC LIMIT ?4"),
      correlation_(db,
                   "SELECT id FROM deliveries INDEXED BY deliveries_by_correlation "
                   "WHERE organization_id = ?1 AND id >= ?2 AND id < ?3 AND correlation_id = ?5 ORDER BY id DESC LIMIT ?4"),
      tag_(db,
           "SELECT delivery_id FROM delivery_tags "
           "WHERE organization_id = ?1 AND delivery_id >= ?2 AND delivery_id < ?3 AND tag = ?5 "
           "ORDER BY delivery_id DESC LIMIT ?4"),
      log_(db,
           "SELECT DISTINCT delivery_id FROM delivery_logs "
           "WHERE destination_id = ?1 AND delivery_id >= ?2 AND delivery_id < ?3 ORDER BY delivery_id DESC LIMIT ?4"),
      queue_(db,
             // In the order of rank, not of ids: all that waits there is looked at, the newest are kept.
             "SELECT delivery_id FROM delivery_queue WHERE destination_id = ?1 AND delivery_id >= ?2 AND delivery_id < ?3 "
             "ORDER BY delivery_id DESC LIMIT ?4"),
      unhappy_(db,
               "SELECT DISTINCT delivery_id FROM delivery_logs INDEXED BY delivery_logs_unhappy "
               "WHERE organization_id = ?1 AND delivery_id >= ?2 AND delivery_id < ?3 AND status = ?5 AND status <> 4 "
               "ORDER BY delivery_id DESC LIMIT ?4"),
      waiting_(db,
               // Not DISTINCT: that would hold the ids of all that waits in memory, a sort with a limit only a page of them.
               "SELECT q.delivery_id FROM delivery_destinations d "
               "CROSS JOIN delivery_queue q ON q.destination_id = d.id "
               "WHERE d.organization_id = ?1 AND q.delivery_id >= ?2 AND q.delivery_id < ?3 "
               "ORDER BY q.delivery_id DESC LIMIT ?4"),
      skew_(db, "SELECT value FROM store_facts WHERE name = 'id_clock_skew_ms'") {}

result<page<delivery_view>> delivery_list_reader::list(organization_id org, const delivery_filter& filter,
                                                       const page_request& request) {
  auto range = begin_walk(org, filter, request);
  if (!range) return fail(range.error());
  page<delivery_view> answer;
  for (std::uint32_t examined = 0;;) {
    if (range->from == source::all && waits(filter.status) && examined >= newest_examined) range->from = source::waiting;
    auto next = next_candidates(*range, chunk_size);
    if (!next) return fail(next.error());
    for (const auto& id : next->ids) {
      // Before a candidate is looked at, so a cursor is only given when there is something after it.
      if (answer.items.size() >= std::max(request.limit, 1u) || examined == max_examined) {
        answer.next_cursor = make_cursor(cursor_kind::deliveries, range->before);
        return answer;
      }
      range->before = id.bytes();
      ++examined;
      auto head = deliveries_.head(org, id);
      if (!head) return fail(head.error());
      if (!*head) continue;  // a destination named in the filter may have a history under another organization
      auto wanted = matches(**head, filter);
      if (!wanted) return fail(wanted.error());
      if (!*wanted) continue;
      auto view = deliveries_.view(**head, false);
      if (!view) return fail(view.error());
      answer.items.push_back(std::move(*view));
    }
    if (!next->more) return answer;
  }
}

result<delivery_list_reader::walk> delivery_list_reader::begin_walk(organization_id org, const delivery_filter& filter,
                                                                    const page_request& request) {
  auto before = read_cursor_or(cursor_kind::deliveries, request.cursor, highest_id());
  if (!before) return fail(before.error());
  walk range{org, filter, source::all, lowest_id, *before};
  const bool unhappy = filter.status == delivery_status::failed || filter.status == delivery_status::cancelled;
  if (!filter.correlation_id.empty())
    range.from = source::correlation;
  else if (!filter.tag.empty())
    range.from = source::tag;
  else if (filter.destination)
    range.from = source::destination;
  else if (unhappy)
    range.from = source::unhappy;
  if (auto narrowed = narrow_by_time(range); !narrowed) return fail(narrowed.error());
  return range;
}

/// Ids carry the time they were made at, and the store knows how far that ever was from created_at.
result<void> delivery_list_reader::narrow_by_time(walk& range) {
  if (!range.filter.from && !range.filter.to) return {};
  auto found = skew_.query();
  if (!found.next()) return fail(found.failed() ? found.failure() : error{});
  const auto skew = found.integer(0);
  if (range.filter.from) range.low = std::max(range.low, first_id_at(to_unix_ms(*range.filter.from) - skew));
  if (range.filter.to) range.before = std::min(range.before, first_id_at(to_unix_ms(*range.filter.to) + skew + 1));
  return {};
}

/// The rows of a source that was asked for `count`. A delivery with several tasks may come several times in a row.
result<delivery_list_reader::candidates> delivery_list_reader::collect(rows found, std::uint32_t count) {
  candidates all;
  std::uint32_t read = 0;
  for (; found.next(); ++read) {
    const auto id = found.id<delivery_id>(0);
    if (all.ids.empty() || all.ids.back() != id) all.ids.push_back(id);
  }
  if (found.failed()) return fail(found.failure());
  all.more = read == count;
  return all;
}

result<delivery_list_reader::candidates> delivery_list_reader::next_candidates(const walk& range, std::uint32_t count) {
  const auto& filter = range.filter;
  const auto unhappy = filter.status == delivery_status::failed ? task_status::failed : task_status::cancelled;
  switch (range.from) {
    case source::all:
      return collect(all_.query(range.org, range.low, range.before, count), count);
    case source::correlation:
      return collect(correlation_.query(range.org, range.low, range.before, count, filter.correlation_id), count);
    case source::tag:
      return collect(tag_.query(range.org, range.low, range.before, count, filter.tag), count);
    case source::destination:
      return of_destination(range, count);
    case source::unhappy:
      return collect(unhappy_.query(range.org, range.low, range.before, count, unhappy), count);
    case source::waiting:
      return collect(waiting_.query(range.org, range.low, range.before, count), count);
  }
  return fail(error_code::internal_error, "unknown source of deliveries");
}

/// What is finished and what waits; a delivery can be in both, by two tasks.
result<delivery_list_reader::candidates> delivery_list_reader::of_destination(const walk& range, std::uint32_t count) {
  const auto destination = *range.filter.destination;
  auto all = collect(log_.query(destination, range.low, range.before, count), count);
  if (!all) return all;
  auto& ids = all->ids;
  auto waiting = collect(queue_.query(destination, range.low, range.before, count), count);
  if (!waiting) return waiting;
  ids.insert(ids.end(), waiting->ids.begin(), waiting->ids.end());
  std::sort(ids.begin(), ids.end(), [](const delivery_id& a, const delivery_id& b) { return b < a; });
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  all->more = ids.size() >= count;
  if (ids.size() > count) ids.resize(count);
  return all;
}

result<bool> delivery_list_reader::matches(const delivery_head& head, const delivery_filter& filter) {
  if (!head_matches(head, filter)) return false;
  if (!filter.status) return true;
  auto tasks = tasks_.find_all(head);
  if (!tasks) return fail(tasks.error());
  return derive_status(*tasks) == *filter.status;
}

}  // namespace waybill::core::sqlite
