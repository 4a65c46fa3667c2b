// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/dead_letter_reader.hpp"

#include <algorithm>

#include "core/store/cursor_text.hpp"
#include "core/store/job_codec.hpp"

namespace waybill::core::sqlite {
namespace {

constexpr const char* dead_columns =
    "l.destination_id, l.delivery_id, l.task_id, l.attempts, l.total_attempts, l.created_at, l.finished_at, l.last_attempt, "
    "l.category";

/// "(?, ?, ?)"
std::string marks(std::size_t count) {
  std::string text = "(?";
  for (std::size_t i = 1; i < count; ++i) text += ", ?";
  return text + ")";
}

/// The index is named because a filter by destination would otherwise walk that destination's whole history.
constexpr const char* dead_rows =
    " FROM delivery_logs l INDEXED BY delivery_logs_dead "
    "WHERE l.organization_id = ?1 AND l.status = 5 AND l.discarded_at IS NULL";

/// The constant text of the conditions that a filter sets; `bind_filter` binds their values in the same order, from ?2 on.
std::string from_filter(const dead_letter_filter& filter) {
  std::string sql = dead_rows;
  if (!filter.destinations.empty()) sql += " AND l.destination_id IN " + marks(filter.destinations.size());
  if (filter.category) sql += " AND l.category = ?";
  if (filter.from) sql += " AND l.finished_at >= ?";
  if (filter.to) sql += " AND l.finished_at < ?";
  if (!filter.destination_type.empty())
    sql += " AND EXISTS (SELECT 1 FROM delivery_destinations d WHERE d.id = l.destination_id AND d.type = ?)";
  if (!filter.payload_type.empty())
    sql +=
        " AND EXISTS (SELECT 1 FROM deliveries p WHERE p.organization_id = l.organization_id AND p.id = l.delivery_id "
        "AND p.payload_type = ?)";
  if (!filter.tag.empty())
    sql +=
        " AND EXISTS (SELECT 1 FROM delivery_tags t WHERE t.organization_id = l.organization_id AND t.tag = ? "
        "AND t.delivery_id = l.delivery_id)";
  if (!filter.correlation_id.empty()) sql += " AND l.correlation_id = ?";
  if (!filter.tasks.empty()) sql += " AND l.task_id IN " + marks(filter.tasks.size());
  return sql;
}

int bind_filter(statement& to, organization_id org, const dead_letter_filter& filter) {
  int index = 1;
  to.bind_at(index, org);
  for (const auto& destination : filter.destinations) to.bind_at(++index, destination);
  if (filter.category) to.bind_at(++index, *filter.category);
  if (filter.from) to.bind_at(++index, *filter.from);
  if (filter.to) to.bind_at(++index, *filter.to);
  if (!filter.destination_type.empty()) to.bind_at(++index, filter.destination_type);
  if (!filter.payload_type.empty()) to.bind_at(++index, filter.payload_type);
  if (!filter.tag.empty()) to.bind_at(++index, filter.tag);
  if (!filter.correlation_id.empty()) to.bind_at(++index, filter.correlation_id);
  for (const auto& task : filter.tasks) to.bind_at(++index, task);
  return index;
}

dead_row dead_row_from(const rows& row) {
  dead_row dead;
  dead.key.destination = row.id<destination_id>(0);
  dead.key.delivery = row.id<delivery_id>(1);
  dead.key.task = row.id<task_id>(2);
  dead.attempts = row.number<std::uint32_t>(3);
  dead.total_attempts = row.number<std::uint32_t>(4);
  dead.created_at = row.time(5);
  dead.finished_at = row.time(6);
  dead.last_attempt = row.integer(7);
  dead.category = row.number<failure_category>(8);
  return dead;
}

result<std::vector<dead_row>> collect(rows found) {
  std::vector<dead_row> all;
  while (found.next()) all.push_back(dead_row_from(found));
  if (found.failed()) return fail(found.failure());
  return all;
}

}  // namespace

dead_letter_reader::dead_letter_reader(database& db, task_reader& tasks)
    : db_(db),
      tasks_(tasks),
      delivery_(db, "SELECT payload_type, correlation_id FROM deliveries WHERE organization_id = ?1 AND id = ?2"),
      one_(db, std::string("SELECT ") + dead_columns + dead_rows + " AND l.task_id = ?2"),
      still_dead_(db, std::string("SELECT ") + dead_columns +
                          " FROM delivery_logs l WHERE l.destination_id = ?1 AND l.delivery_id = ?2 AND l.task_id = ?3 "
                          "AND l.organization_id = ?4 AND l.status = 5 AND l.discarded_at IS NULL AND l.finished_at <= ?5"),
      far_end_(db, std::string("SELECT l.task_id") + dead_rows + " AND l.task_id > ?2 ORDER BY l.task_id LIMIT 1 OFFSET ?3") {}

result<page<dead_letter>> dead_letter_reader::list(organization_id org, const dead_letter_filter& filter,
                                                   const page_request& request) {
  const auto before = read_cursor_or(cursor_kind::dead_letters, request.cursor, highest_id());
  if (!before) return fail(before.error());
  statement read(
      db_, std::string("SELECT ") + dead_columns + from_filter(filter) + " AND l.task_id < ? ORDER BY l.task_id DESC LIMIT ?");
  const int bound = bind_filter(read, org, filter);
  read.bind_at(bound + 1, *before);
  read.bind_at(bound + 2, request.limit + 1);
  auto found = collect(read.query_bound());
  if (!found) return fail(found.error());
  page<dead_letter> answer;
  for (const auto& dead : *found) {
    if (answer.items.size() >= std::max(request.limit, 1u)) {
      answer.next_cursor = make_cursor(cursor_kind::dead_letters, answer.items.back().task.id.bytes());
      break;
    }
    auto one = letter(org, dead, false);
    if (!one) return fail(one.error());
    answer.items.push_back(std::move(*one));
  }
  return answer;
}

result<std::uint64_t> dead_letter_reader::count(organization_id org, const dead_letter_filter& filter) {
  statement read(db_, "SELECT count(*)" + from_filter(filter));
  bind_filter(read, org, filter);
  auto found = read.query_bound();
  if (!found.next()) return fail(found.failure());
  return found.number<std::uint64_t>(0);
}

result<dead_letter> dead_letter_reader::get(organization_id org, task_id id) {
  auto found = collect(one_.query(org, id));
  if (!found) return fail(found.error());
  if (found->empty()) return no_such_dead_letter();
  return letter(org, found->front(), true);
}

result<dead_letter_scan> dead_letter_reader::scan(organization_id org, const dead_letter_filter& filter, task_id after,
                                                  std::uint32_t limit, std::uint32_t walk) {
  auto end = far_end(org, after, walk);
  if (!end) return fail(end.error());
  statement read(db_, std::string("SELECT ") + dead_columns + from_filter(filter) +
                          " AND l.task_id > ? AND l.task_id <= ? ORDER BY l.task_id LIMIT ?");
  const int bound = bind_filter(read, org, filter);
  read.bind_at(bound + 1, after);
  read.bind_at(bound + 2, *end ? (*end)->bytes() : highest_id());
  read.bind_at(bound + 3, limit);
  auto rows = collect(read.query_bound());
  if (!rows) return fail(rows.error());
  return portion_of(*rows, after, *end, limit);
}

result<std::optional<task_id>> dead_letter_reader::far_end(organization_id org, task_id after, std::uint32_t walk) {
  auto found = far_end_.query(org, after, std::max(walk, 1u) - 1);
  std::optional<task_id> end;
  if (found.next()) end = found.id<task_id>(0);
  if (found.failed()) return fail(found.failure());
  return end;
}

result<std::vector<dead_row>> dead_letter_reader::find(organization_id org, const std::vector<dead_letter_key>& keys,
                                                       utc_time until) {
  std::vector<dead_row> dead;
  for (const auto& key : keys) {
    auto found = collect(still_dead_.query(key.destination, key.delivery, key.task, org, until));
    if (!found) return fail(found.error());
    dead.insert(dead.end(), found->begin(), found->end());
  }
  return dead;
}

result<dead_letter> dead_letter_reader::letter(organization_id org, const dead_row& row, bool with_attempts) {
  dead_letter letter;
  auto view = tasks_.view(as_stored(row), with_attempts);
  if (!view) return fail(view.error());
  letter.task = std::move(*view);
  auto found = delivery_.query(org, row.key.delivery);
  if (found.next()) {
    letter.payload_type = found.text(0);
    letter.correlation_id = found.text(1);
  }
  if (found.failed()) return fail(found.failure());
  return letter;
}

}  // namespace waybill::core::sqlite
