// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/dead_letter_reader.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/store/cursor_text.hpp"
#include "core/store/job_codec.hpp"

namespace waybill::core::postgres {
namespace {

const std::string dead_columns =
    "SELECT l.destination_id, l.delivery_id, l.task_id, l.attempts, l.total_attempts, l.created_at, l.finished_at, l.category";
const std::string dead_rows = " FROM delivery_logs l WHERE l.organization_id = $1 AND l.status = 5 AND l.discarded_at IS NULL";

/// A statement over the dead letters that a filter lets through. Conditions are constant texts, their values are bound in the
/// order in which they come, whose they are being $1.
class filtered {
public:
  filtered(organization_id org, const dead_letter_filter& filter) : org_(org), filter_(filter) {}

  /// `more` refers to its own values by #1, #2, …
  template <class... Values>
  rows query(connection& db, const std::string& select, const std::string& more, const Values&... values) {
    std::string sql = select + dead_rows;
    add_conditions(sql);
    append(sql, more);
    statement read(db, sql, statement_life::once);
    int index = 0;
    read.bind_at(++index, org_);
    bind_filter(read, index);
    (read.bind_at(++index, values), ...);
    return read.query_bound();
  }

private:
  void add_conditions(std::string& sql) {
    // Not `= ANY`: that would let the planner walk the whole history of a destination instead of the dead letters.
    if (!filter_.destinations.empty()) add(sql, " AND array_position(#::uuid[], l.destination_id) IS NOT NULL");
    if (filter_.category) add(sql, " AND l.category = #");
    if (filter_.from) add(sql, " AND l.finished_at >= #");
    if (filter_.to) add(sql, " AND l.finished_at < #");
    if (!filter_.destination_type.empty())
      add(sql, " AND EXISTS (SELECT 1 FROM delivery_destinations d WHERE d.id = l.destination_id AND d.type = #)");
    if (!filter_.payload_type.empty())
      add(sql,
          " AND EXISTS (SELECT 1 FROM deliveries p WHERE p.organization_id = l.organization_id AND p.id = l.delivery_id "
          "AND p.payload_type = #)");
    if (!filter_.tag.empty())
      add(sql,
          " AND EXISTS (SELECT 1 FROM delivery_tags t WHERE t.organization_id = l.organization_id AND t.tag = # "
          "AND t.delivery_id = l.delivery_id)");
    if (!filter_.correlation_id.empty()) add(sql, " AND l.correlation_id = #");
    if (!filter_.tasks.empty()) add(sql, " AND l.task_id = ANY (#)");
  }

  void bind_filter(statement& to, int& index) {
    array_parameter destinations(oid::uuid), tasks(oid::uuid);
    for (const auto& one : filter_.destinations) destinations.add(one);
    for (const auto& one : filter_.tasks) tasks.add(one);
    if (!filter_.destinations.empty()) to.bind_at(++index, destinations);
    if (filter_.category) to.bind_at(++index, *filter_.category);
    if (filter_.from) to.bind_at(++index, *filter_.from);
    if (filter_.to) to.bind_at(++index, *filter_.to);
    if (!filter_.destination_type.empty()) to.bind_at(++index, filter_.destination_type);
    if (!filter_.payload_type.empty()) to.bind_at(++index, filter_.payload_type);
    if (!filter_.tag.empty()) to.bind_at(++index, filter_.tag);
    if (!filter_.correlation_id.empty()) to.bind_at(++index, filter_.correlation_id);
    if (!filter_.tasks.empty()) to.bind_at(++index, tasks);
  }

  void add(std::string& sql, const std::string& condition) { append(sql, condition); }

  /// Each # becomes the number of the next parameter.
  void append(std::string& sql, const std::string& text) {
    for (const char c : text) c == '#' ? sql += "$" + std::to_string(++last_) : sql += c;
  }

  organization_id org_;
  const dead_letter_filter& filter_;
  int last_ = 1;
};

result<std::vector<dead_row>> collect(rows found) {
  std::vector<dead_row> all;
  while (found.next()) {
    dead_row dead;
    dead.key.destination = found.id<destination_id>(0);
    dead.key.delivery = found.id<delivery_id>(1);
    dead.key.task = found.id<task_id>(2);
    dead.attempts = found.number<std::uint32_t>(3);
    dead.total_attempts = found.number<std::uint32_t>(4);
    dead.created_at = found.time(5);
    dead.finished_at = found.time(6);
    dead.category = found.number<failure_category>(7);
    all.push_back(dead);
  }
  if (found.failed()) return fail(found.failure());
  return all;
}

}  // namespace

dead_letter_reader::dead_letter_reader(connection& db, task_reader& tasks)
    : db_(db),
      tasks_(tasks),
      deliveries_(db, "SELECT id, payload_type, correlation_id FROM deliveries WHERE organization_id = $1 AND id = ANY ($2)"),
      one_(db, dead_columns + dead_rows + " AND l.task_id = $2"),
      still_dead_(db, dead_columns +
                          " FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS t (destination_id, delivery_id, task_id) "
                          "JOIN delivery_logs l USING (destination_id, delivery_id, task_id) WHERE l.organization_id = $1 "
                          "AND l.status = 5 AND l.discarded_at IS NULL AND l.finished_at <= $5 ORDER BY l.task_id"),
      far_end_(db, "SELECT l.task_id" + dead_rows + " AND l.task_id > $2 ORDER BY l.task_id LIMIT 1 OFFSET $3") {}

result<page<dead_letter>> dead_letter_reader::list(organization_id org, const dead_letter_filter& filter,
                                                   const page_request& request) {
  const auto before = read_cursor_or(cursor_kind::dead_letters, request.cursor, highest_id());
  if (!before) return fail(before.error());
  auto found =
      collect(filtered(org, filter)
                  .query(db_, dead_columns, " AND l.task_id < # ORDER BY l.task_id DESC LIMIT #", *before, request.limit + 1));
  if (!found) return fail(found.error());
  const auto limit = std::max<std::size_t>(request.limit, 1);
  page<dead_letter> answer;
  if (found->size() > limit) {
    found->resize(limit);
    answer.next_cursor = make_cursor(cursor_kind::dead_letters, found->back().key.task.bytes());
  }
  auto shown = letters(org, *found, false);
  if (!shown) return fail(shown.error());
  answer.items = std::move(*shown);
  return answer;
}

result<std::uint64_t> dead_letter_reader::count(organization_id org, const dead_letter_filter& filter) {
  auto found = filtered(org, filter).query(db_, "SELECT count(*)", "");
  if (!found.next()) return fail(found.failure());
  return found.number<std::uint64_t>(0);
}

result<dead_letter> dead_letter_reader::get(organization_id org, task_id id) {
  auto found = collect(one_.query(org, id));
  if (!found) return fail(found.error());
  if (found->empty()) return no_such_dead_letter();
  auto shown = letters(org, *found, true);
  if (!shown) return fail(shown.error());
  return std::move(shown->front());
}

result<dead_letter_scan> dead_letter_reader::scan(organization_id org, const dead_letter_filter& filter, task_id after,
                                                  std::uint32_t limit, std::uint32_t walk) {
  auto end = far_end(org, after, walk);
  if (!end) return fail(end.error());
  auto found = collect(filtered(org, filter)
                           .query(db_, dead_columns, " AND l.task_id > # AND l.task_id <= # ORDER BY l.task_id LIMIT #", after,
                                  *end ? (*end)->bytes() : highest_id(), limit));
  if (!found) return fail(found.error());
  return portion_of(*found, after, *end, limit);
}

result<std::optional<task_id>> dead_letter_reader::far_end(organization_id org, task_id after, std::uint32_t walk) {
  auto found = far_end_.query(org, after, std::max(walk, 1u) - 1);
  if (found.next()) return std::optional<task_id>{found.id<task_id>(0)};
  if (found.failed()) return fail(found.failure());
  return std::optional<task_id>{};
}

result<std::vector<dead_row>> dead_letter_reader::find(organization_id org, const std::vector<dead_letter_key>& keys,
                                                       utc_time until) {
  ids_.clear();
  destinations_.clear();
  delivery_ids_.clear();
  for (const auto& key : keys) {
    destinations_.add(key.destination);
    delivery_ids_.add(key.delivery);
    ids_.add(key.task);
  }
  return collect(still_dead_.query(org, destinations_, delivery_ids_, ids_, until));
}

result<std::vector<dead_letter>> dead_letter_reader::letters(organization_id org, const std::vector<dead_row>& dead,
                                                             bool with_attempts) {
  std::vector<stored_task> tasks;
  ids_.clear();
  for (const auto& row : dead) {
    tasks.push_back(as_stored(row));
    ids_.add(row.key.delivery);
  }
  auto views = tasks_.views(tasks, with_attempts);
  if (!views) return fail(views.error());
  auto found = deliveries_.query(org, ids_);
  std::unordered_map<delivery_id, std::pair<std::string, std::string>> heads;
  while (found.next()) heads[found.id<delivery_id>(0)] = {found.text(1), found.text(2)};
  if (found.failed()) return fail(found.failure());
  std::vector<dead_letter> all;
  for (auto& view : *views) {
    const auto& [payload_type, correlation] = heads[view.delivery];
    all.push_back({std::move(view), payload_type, correlation});
  }
  return all;
}

}  // namespace waybill::core::postgres
