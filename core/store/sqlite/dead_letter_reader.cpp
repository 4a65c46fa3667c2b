// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/dead_letter_reader.hpp"

#include <algorithm>

#include "core/store/sqlite/cursor_text.hpp"

namespace waybill::core::sqlite {
namespace {

constexpr const char* dead_columns =
    "l.destination_id, l.delivery_id, l.task_id, l.attempts, l.total_attempts, l.created_at, l.finished_at, l.last_attempt";

/// The constant text of the conditions that a filter sets; `bind_filter` binds their values in the same order, from ?2 on.
/// The index is named because a filter by destination would otherwise walk that destination's whole history.
std::string from_filter(const dead_letter_filter& filter) {
  std::string sql =
      " FROM delivery_logs l INDEXED BY delivery_logs_dead "
      "WHERE l.organization_id = ?1 AND l.status = 5 AND l.discarded_at IS NULL";
  if (filter.destination) sql += " AND l.destination_id = ?";
  if (filter.category) sql += " AND l.category = ?";
  if (filter.from) sql += " AND l.finished_at >= ?";
  if (filter.to) sql += " AND l.finished_at < ?";
  if (!filter.destination_type.empty())
    sql += " AND EXISTS (SELECT 1 FROM delivery_destinations d WHERE d.id = l.destination_id AND d.type = ?)";
  if (!filter.tasks.empty()) {
    sql += " AND l.task_id IN (?";
    for (std::size_t i = 1; i < filter.tasks.size(); ++i) sql += ", ?";
    sql += ")";
  }
  return sql;
}

int bind_filter(statement& to, organization_id org, const dead_letter_filter& filter) {
  int index = 1;
  to.bind_at(index, org);
  if (filter.destination) to.bind_at(++index, *filter.destination);
  if (filter.category) to.bind_at(++index, *filter.category);
  if (filter.from) to.bind_at(++index, *filter.from);
  if (filter.to) to.bind_at(++index, *filter.to);
  if (!filter.destination_type.empty()) to.bind_at(++index, filter.destination_type);
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
  return dead;
}

result<std::vector<dead_row>> collect(rows found) {
  std::vector<dead_row> all;
  while (found.next()) all.push_back(dead_row_from(found));
  if (found.failed()) return fail(found.failure());
  return all;
}

stored_task as_stored(const dead_row& dead) {
  stored_task task;
  task.key = dead.key;
  task.status = task_status::failed;
  task.attempts = dead.attempts;
  task.total_attempts = dead.total_attempts;
  task.created_at = dead.created_at;
  task.finished_at = dead.finished_at;
  task.last_attempt = dead.last_attempt;
  return task;
}

}  // namespace

dead_letter_reader::dead_letter_reader(database& db, task_reader& tasks)
    : db_(db),
      tasks_(tasks),
      delivery_(db, "SELECT payload_type, correlation_id FROM deliveries WHERE organization_id = ?1 AND id = ?2") {}

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
    auto one = letter(org, dead);
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

result<std::vector<dead_row>> dead_letter_reader::oldest(organization_id org, const dead_letter_filter& filter,
                                                         std::uint32_t limit, dead_letter_scope scope) {
  const char* existing = scope == dead_letter_scope::redrivable
                             ? " AND EXISTS (SELECT 1 FROM delivery_destinations d WHERE d.id = l.destination_id)"
                             : "";
  statement read(db_, std::string("SELECT ") + dead_columns + from_filter(filter) + existing + " ORDER BY l.task_id LIMIT ?");
  const int bound = bind_filter(read, org, filter);
  read.bind_at(bound + 1, limit);
  return collect(read.query_bound());
}

result<dead_letter> dead_letter_reader::letter(organization_id org, const dead_row& row) {
  dead_letter letter;
  auto view = tasks_.view(as_stored(row), false);
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
