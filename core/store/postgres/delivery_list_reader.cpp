// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/delivery_list_reader.hpp"

#include <algorithm>
#include <utility>

#include "core/store/cursor_text.hpp"

namespace waybill::core::postgres {
namespace {

// What one call looks at, at some 10 microseconds each: a filter that hardly anything passes cannot hold a reader for long.
constexpr std::uint32_t max_examined = 5'000;
// What waits is mostly new: a look at the newest finds a page of it unless nearly everything is done already.
constexpr std::uint32_t newest_examined = 2'000;
// The queue has no index by delivery; up to so many of its rows are sorted at once without being noticed.
constexpr std::uint32_t sorted_at_once = 10'000;
constexpr std::uint32_t smallest_chunk = 16;
constexpr std::uint32_t largest_chunk = 512;

/// The queue's indexes by destination are partial, by `deferred`; one branch for each finds all rows by them.
std::string waiting_at(const std::string& columns, const std::string& destination, const std::string& more) {
  const auto branch = [&](const char* condition) {
    return "SELECT " + columns + " FROM delivery_queue q WHERE q.destination_id " + destination + " AND " + condition + more;
  };
  return branch("q.deferred = 0") + " UNION ALL " + branch("q.deferred = 1") + " UNION ALL " +
         branch("q.deferred = 2 AND q.ordering_key IS NOT NULL");
}

constexpr const char* in_range = " AND q.delivery_id >= $2 AND q.delivery_id < $3";
constexpr const char* downwards = " ORDER BY delivery_id DESC LIMIT $4";

}  // namespace

// $1 whose, [$2, $3) the ids, $4 how many, $5 what the source is narrowed by.
delivery_list_reader::delivery_list_reader(connection& db, delivery_reader& deliveries, task_reader& tasks)
    : deliveries_(deliveries),
      tasks_(tasks),
      all_(db, "SELECT id FROM deliveries WHERE organization_id = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4"),
      correlation_(db,
                   "SELECT id FROM deliveries WHERE organization_id = $1 AND id >= $2 AND id < $3 AND correlation_id = $5 "
                   "ORDER BY id DESC LIMIT $4"),
      tag_(db,
           "SELECT delivery_id FROM delivery_tags WHERE organization_id = $1 AND delivery_id >= $2 AND delivery_id < $3 "
           "AND tag = $5 ORDER BY delivery_id DESC LIMIT $4"),
      log_(db,
           "SELECT delivery_id FROM delivery_logs WHERE destination_id = $1 AND delivery_id >= $2 AND delivery_id < $3 "
           "ORDER BY delivery_id DESC LIMIT $4"),
      queue_(db, "SELECT delivery_id FROM (" + waiting_at("q.delivery_id", "= $1", in_range) + ") w" + downwards),
      queue_size_(db, "SELECT count(*) FROM (" + waiting_at("1", "= $1", "") + " LIMIT $2) w"),
      unhappy_(db,
               "SELECT delivery_id FROM delivery_logs WHERE organization_id = $1 AND delivery_id >= $2 AND delivery_id < $3 "
               "AND status = $5 AND status <> 4 ORDER BY delivery_id DESC LIMIT $4"),
      waiting_(db, "SELECT delivery_id FROM (" +
                       waiting_at("q.delivery_id", "IN (SELECT id FROM delivery_destinations WHERE organization_id = $1)",
                                  in_range) +
                       ") w" + downwards),
      skew_(db, "SELECT value FROM store_facts WHERE name = 'id_clock_skew_ms'") {}

result<page<delivery_view>> delivery_list_reader::list(organization_id org, const delivery_filter& filter,
                                                       const page_request& request) {
  auto range = begin_walk(org, filter, request);
  if (!range) return fail(range.error());
  const auto limit = std::max(request.limit, 1u);
  std::vector<delivery_head> wanted;
  bool more = true;
  // One chunk more than the page needs tells whether anything comes after it.
  auto chunk = std::clamp(limit + 1, smallest_chunk, largest_chunk);
  while (more) {
    if (range->examined >= newest_examined) range->from = range->then;
    auto some = next_candidates(*range, chunk);
    if (!some) return fail(some.error());
    auto go_on = examine(*range, *some, limit, wanted);
    if (!go_on) return fail(go_on.error());
    if (!*go_on) break;
    more = some->more;
    chunk = std::min(chunk * 2, largest_chunk);
  }
  auto views = deliveries_.views(wanted, false);
  if (!views) return fail(views.error());
  page<delivery_view> answer;
  answer.items = std::move(*views);
  if (more) answer.next_cursor = make_cursor(cursor_kind::deliveries, range->before);
  return answer;
}

/// A candidate that was looked at is behind the walk; the first beyond a full page is not, and stops it.
result<bool> delivery_list_reader::examine(walk& range, const candidates& some, std::uint32_t limit,
                                           std::vector<delivery_head>& wanted) {
  auto heads = deliveries_.heads(range.org, some.ids);
  if (!heads) return fail(heads.error());
  auto wants = match(*heads, range.filter);
  if (!wants) return fail(wants.error());
  std::size_t next = 0;  // of the heads: a destination named in the filter may have a history under another organization
  for (const auto& id : some.ids) {
    if (wanted.size() >= limit || range.examined == max_examined) return false;
    range.before = id.bytes();
    ++range.examined;
    if (next == heads->size() || (*heads)[next].content.id != id) continue;
    if ((*wants)[next]) wanted.push_back(std::move((*heads)[next]));
    ++next;
  }
  return true;
}

result<delivery_list_reader::walk> delivery_list_reader::begin_walk(organization_id org, const delivery_filter& filter,
                                                                    const page_request& request) {
  auto before = read_cursor_or(cursor_kind::deliveries, request.cursor, highest_id());
  if (!before) return fail(before.error());
  auto from = first_source(filter);
  if (!from) return fail(from.error());
  walk range{org, filter, *from, *from, lowest_id, *before};
  if (*from == source::all && filter.destination) range.then = source::destination;
  if (*from == source::all && !filter.destination && waits(filter.status)) range.then = source::waiting;
  if (auto narrowed = narrow_by_time(range); !narrowed) return fail(narrowed.error());
  return range;
}

result<delivery_list_reader::source> delivery_list_reader::first_source(const delivery_filter& filter) {
  if (!filter.correlation_id.empty()) return source::correlation;
  if (!filter.tag.empty()) return source::tag;
  if (filter.destination) {
    auto found = queue_size_.query(*filter.destination, sorted_at_once + 1);
    if (!found.next()) return fail(found.failure());
    return found.integer(0) > sorted_at_once ? source::all : source::destination;
  }
  if (filter.status == delivery_status::failed || filter.status == delivery_status::cancelled) return source::unhappy;
  return source::all;
}

/// Ids carry the time they were made at, and the store knows how far that ever was from created_at.
result<void> delivery_list_reader::narrow_by_time(walk& range) {
  if (!range.filter.from && !range.filter.to) return {};
  auto found = skew_.query();
  if (!found.next()) return fail(found.failure());
  const auto skew = found.integer(0);
  if (range.filter.from) range.low = std::max(range.low, first_id_at(to_unix_ms(*range.filter.from) - skew));
  if (range.filter.to) range.before = std::min(range.before, first_id_at(to_unix_ms(*range.filter.to) + skew + 1));
  return {};
}

/// The rows of a source that was asked for `count`. A delivery with several tasks may come several times in a row.
result<delivery_list_reader::candidates> delivery_list_reader::collect(rows found, std::uint32_t count) {
  candidates all;
  while (found.next()) {
    const auto id = found.id<delivery_id>(0);
    if (all.ids.empty() || all.ids.back() != id) all.ids.push_back(id);
  }
  if (found.failed()) return fail(found.failure());
  all.more = found.size() == static_cast<int>(count);
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
  auto waiting = collect(queue_.query(destination, range.low, range.before, count), count);
  if (!waiting) return waiting;
  auto& ids = all->ids;
  const bool more = all->more || waiting->more;
  // Below the last of a list that was cut off there may be more of it, which come before others' that are further down.
  const auto low =
      std::max(all->more ? ids.back().bytes() : lowest_id, waiting->more ? waiting->ids.back().bytes() : lowest_id);
  ids.insert(ids.end(), waiting->ids.begin(), waiting->ids.end());
  std::sort(ids.begin(), ids.end(), [](const delivery_id& a, const delivery_id& b) { return b < a; });
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ids.erase(std::find_if(ids.begin(), ids.end(), [&](const delivery_id& id) { return id.bytes() < low; }), ids.end());
  all->more = more;
  return all;
}

result<std::vector<bool>> delivery_list_reader::match(const std::vector<delivery_head>& heads, const delivery_filter& filter) {
  std::vector<bool> wants;
  std::vector<delivery_head> open;  // those whose tasks decide
  for (const auto& head : heads) {
    wants.push_back(head_matches(head, filter));
    if (wants.back() && filter.status) open.push_back(head);
  }
  if (open.empty()) return wants;
  auto tasks = tasks_.find_all(open);
  if (!tasks) return fail(tasks.error());
  auto next = tasks->begin();
  for (std::size_t i = 0; i < wants.size(); ++i)
    if (wants[i]) wants[i] = derive_status(*next++) == *filter.status;
  return wants;
}

}  // namespace waybill::core::postgres
