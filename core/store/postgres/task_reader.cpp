// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/task_reader.hpp"

#include <string>
#include <unordered_map>
#include <utility>

#include "core/store/row_codec.hpp"

namespace waybill::core::postgres {
namespace {

// The columns of attempt_from.
constexpr const char* brief_attempt =
    "SELECT a.id, a.task_id, a.number, a.started_at, a.duration_ms, a.action, a.category, a.code, a.retry_after_ms, "
    "a.bytes_sent, a.disable_destination, a.external_reference, a.detail, a.message";
const auto whole_attempt = std::string(brief_attempt) + ", a.request, a.response";
const auto listed_attempt = std::string(brief_attempt) + ", NULL::text, NULL::text";

using found_tasks = std::unordered_map<task_id, stored_task>;

stored_task task_from(const rows& row) {
  stored_task task;
  task.key.task = row.id<task_id>(0);
  task.status = row.number<task_status>(1);
  task.attempts = row.number<std::uint32_t>(2);
  task.total_attempts = row.number<std::uint32_t>(3);
  task.created_at = row.time(4);
  return task;
}

found_tasks tasks_from(rows waiting, rows finished) {
  found_tasks found;
  while (waiting.next()) {
    auto task = task_from(waiting);
    task.due_at = waiting.maybe_time(5);
    if (waiting.integer(6) != 0) task.status = task_status::parked;
    found.emplace(task.key.task, task);
  }
  while (finished.next()) {
    auto task = task_from(finished);
    task.finished_at = finished.maybe_time(5);
    task.category = finished.number<failure_category>(6);
    found.emplace(task.key.task, task);
  }
  return found;
}

std::vector<stored_task> in_order(const delivery_head& head, const found_tasks& found) {
  std::vector<stored_task> tasks;
  for (const auto& [id, destination] : head.targets) {
    const auto one = found.find(id);
    if (one == found.end()) continue;
    tasks.push_back(one->second);
    tasks.back().key = {destination, head.content.id, id, head.content.priority, head.content.created_at};
  }
  return tasks;
}

void add_destinations(std::vector<task_view>& views, rows found) {
  std::unordered_map<destination_id, std::vector<task_view*>> wanted;
  for (auto& view : views) wanted[view.destination].push_back(&view);
  while (found.next())
    for (auto* view : wanted[found.id<destination_id>(0)]) {
      view->destination_type = found.text(1);
      view->destination_label = found.text(2);
      park(*view, found.number<destination_state>(3), found.number<breaker_state>(4), found.maybe_time(5));
    }
}

/// Attempts of one task follow each other, the newest last.
void add_attempts(std::vector<task_view>& views, rows found, bool keep) {
  std::unordered_map<task_id, task_view*> wanted;
  for (auto& view : views) wanted[view.id] = &view;
  while (found.next()) {
    auto one = attempt_from(found);
    auto& view = *wanted[one.task];
    view.failure_reason.clear();
    add_last_attempt(view, one);
    if (keep) view.attempt_log.push_back(std::move(one));
  }
}

}  // namespace

task_reader::task_reader(connection& db)
    : db_(db),
      queue_(db,
             "SELECT q.task_id, q.state, q.attempts, q.total_attempts, q.created_at, q.due_at, q.deferred = 2 AND EXISTS "
             "(SELECT 1 FROM parked_keys p WHERE p.destination_id = q.destination_id AND p.ordering_key = q.ordering_key "
             "AND p.ordering_number < q.ordering_number) FROM delivery_queue q WHERE q.task_id = ANY ($1)"),
      log_(db,
           "SELECT l.task_id, l.status, l.attempts, l.total_attempts, l.created_at, l.finished_at, l.category "
           "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS t (destination_id, delivery_id, task_id) "
           "JOIN delivery_logs l USING (destination_id, delivery_id, task_id)"),
      destinations_(db,
                    "SELECT d.id, d.type, d.label, d.state, h.breaker, h.breaker_next_attempt_at FROM delivery_destinations d "
                    "JOIN destination_health h ON h.destination_id = d.id WHERE d.id = ANY ($1)"),
      last_attempts_(db, listed_attempt +
                             " FROM unnest($1::uuid[]) AS t (id) CROSS JOIN LATERAL (SELECT * FROM delivery_attempts "
                             "WHERE task_id = t.id ORDER BY number DESC LIMIT 1) a"),
      attempts_(db, listed_attempt + " FROM delivery_attempts a WHERE a.task_id = ANY ($1) ORDER BY a.task_id, a.number"),
      attempt_(db, whole_attempt + " FROM delivery_attempts a WHERE a.task_id = ANY ($1) AND a.id = $2") {}

result<std::vector<std::vector<stored_task>>> task_reader::find_all(const std::vector<delivery_head>& heads) {
  tasks_.clear();
  deliveries_.clear();
  destination_ids_.clear();
  for (const auto& head : heads)
    for (const auto& [id, destination] : head.targets) {
      tasks_.add(id);
      deliveries_.add(head.content.id);
      destination_ids_.add(destination);
    }
  queue_.send(tasks_);
  log_.send(destination_ids_, deliveries_, tasks_);
  auto answers = db_.collect();
  if (!answers) return fail(answers.error());
  const auto found = tasks_from(rows(std::move((*answers)[0])), rows(std::move((*answers)[1])));
  std::vector<std::vector<stored_task>> all;
  all.reserve(heads.size());
  for (const auto& head : heads) all.push_back(in_order(head, found));
  return all;
}

result<std::vector<stored_task>> task_reader::find_all(const delivery_head& head) {
  auto all = find_all(std::vector<delivery_head>{head});
  if (!all) return fail(all.error());
  return std::move(all->front());
}

void task_reader::name(const std::vector<stored_task>& tasks) {
  tasks_.clear();
  destination_ids_.clear();
  for (const auto& task : tasks) {
    if (task.total_attempts > 0) tasks_.add(task.key.task);
    destination_ids_.add(task.key.destination);
  }
}

result<std::vector<task_view>> task_reader::views(const std::vector<stored_task>& tasks, bool with_attempts) {
  std::vector<task_view> views;
  views.reserve(tasks.size());
  for (const auto& task : tasks) views.push_back(begin_view(task));
  if (tasks.empty()) return views;
  name(tasks);
  destinations_.send(destination_ids_);
  (with_attempts ? attempts_ : last_attempts_).send(tasks_);
  auto answers = db_.collect();
  if (!answers) return fail(answers.error());
  add_destinations(views, rows(std::move((*answers)[0])));
  add_attempts(views, rows(std::move((*answers)[1])), with_attempts);
  for (std::size_t i = 0; i < tasks.size(); ++i) add_expiry(views[i], tasks[i]);
  return views;
}

result<std::optional<attempt>> task_reader::find_attempt(const std::vector<stored_task>& tasks, attempt_id id) {
  name(tasks);
  auto found = attempt_.query(tasks_, id);
  if (found.next()) return std::optional<attempt>{attempt_from(found)};
  if (found.failed()) return fail(found.failure());
  return std::optional<attempt>{};
}

}  // namespace waybill::core::postgres
