// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/task_reader.hpp"

#include <algorithm>

namespace waybill::core::sqlite {
namespace {

/// A parked task waits for its destination, not for its own time: a disabled one has no time at all.
void park(task_view& view, destination_state state, breaker_state breaker, std::optional<utc_time> breaker_next) {
  const bool disabled = state == destination_state::disabled;
  if (is_final(view.status) || (!disabled && breaker != breaker_state::open)) return;
  view.status = task_status::parked;
  if (disabled || !view.next_attempt_at || !breaker_next)
    view.next_attempt_at = std::nullopt;
  else
    view.next_attempt_at = std::max(*view.next_attempt_at, *breaker_next);
}

void add_last(task_view& view, const attempt& last) {
  view.category = last.result.category;
  view.code = last.result.code;
  view.external_reference = last.result.external_reference;
  if (last.result.action != attempt_action::delivered) view.failure_reason = last.result.message;
}

}  // namespace

delivery_status derive_status(const std::vector<stored_task>& tasks) {
  bool waiting = false, begun = false, failed = false, kept = tasks.empty();
  for (const auto& task : tasks) {
    const bool final = is_final(task.status);
    waiting = waiting || !final;
    begun = begun || final || task.total_attempts > 0;
    failed = failed || task.status == task_status::failed;
    kept = kept || task.status != task_status::cancelled;
  }
  if (waiting) return begun ? delivery_status::processing : delivery_status::queued;
  if (failed) return delivery_status::failed;
  return kept ? delivery_status::completed : delivery_status::cancelled;
}

task_reader::task_reader(database& db)
    : log_(db,
           "SELECT status, attempts, total_attempts, created_at, finished_at, last_attempt FROM delivery_logs "
           "WHERE destination_id = ?1 AND delivery_id = ?2 AND task_id = ?3"),
      queue_(db,
             "SELECT state, attempts, total_attempts, created_at, due_at, last_attempt FROM delivery_queue "
             "WHERE destination_id = ?1 AND deferred IN (0, 1) AND priority = ?2 AND delivery_id = ?3 AND task_id = ?4"),
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
  auto waiting = queue_.query(key.destination, key.priority, key.delivery, key.task);
  if (waiting.next()) {
    read(waiting, task.due_at);
    return task;
  }
  if (waiting.failed()) return fail(waiting.failure());
  auto finished = log_.query(key.destination, key.delivery, key.task);
  if (finished.next()) {
    read(finished, task.finished_at);
    return task;
  }
  if (finished.failed()) return fail(finished.failure());
  return std::optional<stored_task>{};
}

result<std::vector<stored_task>> task_reader::find_all(delivery_id delivery, std::uint8_t priority,
                                                       const std::vector<task_target>& targets) {
  std::vector<stored_task> found;
  found.reserve(targets.size());
  for (const auto& [id, destination] : targets) {
    auto one = find({destination, delivery, id, priority});
    if (!one) return fail(one.error());
    if (*one) found.push_back(**one);
  }
  return found;
}

result<task_view> task_reader::view(const stored_task& task, bool with_attempts) {
  task_view view;
  view.id = task.key.task;
  view.delivery = task.key.delivery;
  view.destination = task.key.destination;
  view.status = task.status;
  view.attempts = task.attempts;
  view.created_at = task.created_at;
  view.next_attempt_at = task.due_at;
  view.finished_at = task.finished_at;
  if (auto added = add_destination(view); !added) return fail(added.error());
  std::int64_t previous = 0;
  auto last = read_attempt(task.last_attempt, previous);
  if (!last) return fail(last.error());
  if (*last) add_last(view, **last);
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
