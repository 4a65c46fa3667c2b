// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/task_reader.hpp"

#include <algorithm>

namespace waybill::core::sqlite {
task_reader::task_reader(database& db)
    : log_(db,
           "SELECT status, attempts, total_attempts, created_at, finished_at, last_attempt, category FROM delivery_logs "
           "WHERE destination_id = ?1 AND delivery_id = ?2 AND task_id = ?3"),
      queue_(db,
             // The rank follows from the time and the priority by one of the steps there ever were.
             "SELECT state, attempts, total_attempts, created_at, due_at, last_attempt, deferred = 2 AND EXISTS (SELECT 1 "
             "FROM parked_keys p WHERE p.destination_id = q.destination_id AND p.ordering_key = q.ordering_key "
             "AND p.ordering_number < q.ordering_number) FROM delivery_queue q WHERE destination_id = ?1 "
             "AND deferred IN (0, 1, 2) AND rank IN (SELECT ?2 - ?3 * step_ms FROM queue_ageing) AND delivery_id = ?4 "
             "AND task_id = ?5"),
      destination_(db,
                   "SELECT d.type, d.label, d.state, h.breaker, h.breaker_next_attempt_at FROM delivery_destinations d "
                   "JOIN destination_health h ON h.destination_id = d.id WHERE d.id = ?1"),
      attempt_(db, std::string("SELECT ") + attempt_columns + " FROM delivery_attempts WHERE row = ?1") {}

result<std::optional<stored_task>> task_reader::find(const task_key& key) {
  stored_task task;
  task.key = key;
  const auto read = [&](const rows& row, std::optional<utc_time>& time) {
    task.status = row.number<task_status>(0);
    task.attempts = row.number<std::uint32_t>(1);
    task.total_attempts = row.number<std::uint32_t>(2);
    task.created_at = row.time(3);
    time = row.time(4);
    task.last_attempt = row.integer(5);
  };
  auto waiting = queue_.query(key.destination, key.created_at, key.priority, key.delivery, key.task);
  if (waiting.next()) {
    read(waiting, task.due_at);
    if (waiting.integer(6) != 0) task.status = task_status::parked;
    return task;
  }
  if (waiting.failed()) return fail(waiting.failure());
  auto finished = log_.query(key.destination, key.delivery, key.task);
  if (finished.next()) {
    read(finished, task.finished_at);
    task.category = finished.number<failure_category>(6);
    return task;
  }
  if (finished.failed()) return fail(finished.failure());
  return std::optional<stored_task>{};
}

result<std::vector<stored_task>> task_reader::find_all(const delivery_head& head) {
  const auto& d = head.content;
  std::vector<stored_task> found;
  found.reserve(head.targets.size());
  for (const auto& [id, destination] : head.targets) {
    auto one = find({destination, d.id, id, d.priority, d.created_at});
    if (!one) return fail(one.error());
    if (*one) found.push_back(**one);
  }
  return found;
}

result<task_view> task_reader::view(const stored_task& task, bool with_attempts) {
  auto view = begin_view(task);
  if (auto added = add_destination(view); !added) return fail(added.error());
  std::int64_t previous = 0;
  auto last = read_attempt(task.last_attempt, previous);
  if (!last) return fail(last.error());
  if (*last) add_last_attempt(view, **last);
  add_expiry(view, task);
  if (!with_attempts) return view;
  auto log = attempts(task.last_attempt);
  if (!log) return fail(log.error());
  view.attempt_log = std::move(*log);
  return view;
}

result<void> task_reader::add_destination(task_view& view) {
  auto found = destination_.query(view.destination);
  if (found.next()) {
    view.destination_type = found.text(0);
    view.destination_label = found.text(1);
    park(view, found.number<destination_state>(2), found.number<breaker_state>(3), found.maybe_time(4));
  }
  if (found.failed()) return fail(found.failure());
  return {};
}

result<std::vector<attempt>> task_reader::attempts(std::int64_t last) {
  std::vector<attempt> chain;
  for (std::int64_t row = last; row != 0;) {
    auto one = read_attempt(row, row);
    if (!one) return fail(one.error());
    if (!*one) break;  // the older ones went with retention
    (*one)->result.request.clear();
    (*one)->result.response.clear();
    chain.push_back(std::move(**one));
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

result<std::optional<attempt>> task_reader::find_attempt(std::int64_t last, attempt_id id) {
  for (std::int64_t row = last; row != 0;) {
    auto one = read_attempt(row, row);
    if (!one || !*one || (*one)->id == id) return one;
  }
  return std::optional<attempt>{};
}

result<std::optional<attempt>> task_reader::read_attempt(std::int64_t row, std::int64_t& previous) {
  if (row == 0) return std::optional<attempt>{};
  auto found = attempt_.query(row);
  if (found.next()) {
    previous = found.integer(attempt_previous_column);
    return std::optional<attempt>{attempt_from(found)};
  }
  if (found.failed()) return fail(found.failure());
  return std::optional<attempt>{};
}

}  // namespace waybill::core::sqlite
