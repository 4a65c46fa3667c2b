// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/delivery_list_reader.hpp"

#include <algorithm>
#include <functional>

#include "core/store/sqlite/cursor_text.hpp"

namespace waybill::core::sqlite {
namespace {

// What one call looks at, at some 5 microseconds each: a filter that hardly anything passes cannot hold a reader for long.
constexpr std::uint32_t max_examined = 50'000;
// What waits is mostly new: a look at the newest finds a page of it unless nearly everything is done already.
constexpr std::uint32_t newest_examined = 2'000;
constexpr std::uint32_t chunk_size = 128;
constexpr int highest_priority = 10;

/// The first id that a UUIDv7 made in this millisecond can have (RFC 9562 section 5.7: the first 48 bits are the time).
id_bytes first_id_at(std::int64_t unix_ms) {
  const auto ms = static_cast<std::uint64_t>(std::clamp<std::int64_t>(unix_ms, 0, (std::int64_t{1} << 48) - 1));
  id_bytes id{};
  for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  return id;
}

bool waits(std::optional<delivery_status> status) {
  return status == delivery_status::queued || status == delivery_status::processing;
}

bool goes_to(const delivery_head& head, destination_id destination) {
  return std::any_of(head.targets.begin(), head.targets.end(), [&](const task_target& t) { return t.second == destination; });
}

bool head_matches(const delivery_head& head, const delivery_filter& filter) {
  const auto& d = head.content;
  if (filter.from && d.created_at < *filter.from) return false;
  if (filter.to && d.created_at >= *filter.to) return false;
  if (filter.created_by && d.created_by != *filter.created_by) return false;
  if (!filter.payload_type.empty() && d.payload_type != filter.payload_type) return false;
  if (!filter.correlation_id.empty() && d.correlation_id != filter.correlation_id) return false;
  if (!filter.tag.empty() && std::find(d.tags.begin(), d.tags.end(), filter.tag) == d.tags.end()) return false;
  if (filter.destination && !goes_to(head, *filter.destination)) return false;
  return filter.text.empty() || contains_text(d.filename, filter.text) || contains_text(d.correlation_id, filter.text) ||
         contains_text(d.metadata, filter.text);
}

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
             "SELECT DISTINCT delivery_id FROM delivery_queue WHERE destination_id = ?1 AND deferred = ?5 AND priority = ?6 "
             "AND delivery_id >= ?2 AND delivery_id < ?3 ORDER BY delivery_id DESC LIMIT ?4"),
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

/// The log has them in order; the queue has an order of its own for each priority, on time and deferred.
result<delivery_list_reader::candidates> delivery_list_reader::of_destination(const walk& range, std::uint32_t count) {
  const auto destination = *range.filter.destination;
  auto all = collect(log_.query(destination, range.low, range.before, count), count);
  if (!all) return all;
  auto& ids = all->ids;
  for (int part = 0; part < 2 * (highest_priority + 1); ++part) {
    auto some = collect(queue_.query(destination, range.low, range.before, count, part % 2, part / 2), count);
    if (!some) return some;
    ids.insert(ids.end(), some->ids.begin(), some->ids.end());
  }
  std::sort(ids.begin(), ids.end(), [](const delivery_id& a, const delivery_id& b) { return b < a; });
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  all->more = ids.size() >= count;
  if (ids.size() > count) ids.resize(count);
  return all;
}

result<bool> delivery_list_reader::matches(const delivery_head& head, const delivery_filter& filter) {
  if (!head_matches(head, filter)) return false;
  if (!filter.status) return true;
  auto tasks = tasks_.find_all(head.content.id, head.content.priority, head.targets);
  if (!tasks) return fail(tasks.error());
  return derive_status(*tasks) == *filter.status;
}

}  // namespace waybill::core::sqlite
