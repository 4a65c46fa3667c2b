// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/record_writer.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/store/postgres/unnested.hpp"

namespace waybill::core::postgres {
namespace {

// Every write to the queue names the task and its epoch: a row that is not found is a task that is no longer ours, and then
// nothing of the attempt is written.
constexpr const char* attempt_columns =
    "id, task_id, number, started_at, duration_ms, action, category, code, retry_after_ms, bytes_sent, disable_destination, "
    "external_reference, detail, message, request, response";
constexpr const char* made_names =
    "task, category, id, made, started, duration, action, code, retry_after, sent, disable, reference, detail, message, "
    "request, "
    "response";
constexpr const char* made_columns =
    "id, task, made, started, duration, coalesce(action, 1), coalesce(category, 1), code, retry_after, sent, "
    "coalesce(disable, false), reference, detail, message, request, response";
constexpr const char* log_columns =
    "destination_id, delivery_id, task_id, organization_id, status, attempts, total_attempts, created_at, finished_at, "
    "category, "
    "payload_size, payload_sha256, idempotency_key, correlation_id";
constexpr const char* log_names = "status, attempts, total, size, sha, idem, correlation";
const std::string wait_names = std::string(made_names) + ", place, epoch, attempts, total, due, ordering";

// Which of the rows were there; or a failure unless all of them were, by a text that is no number and that the server logs.
constexpr const char* which_waits = "SELECT place FROM moved";
constexpr const char* all_wait =
    "SELECT CASE WHEN count(*) = $23 THEN 1 ELSE ('waybill asks again: of its tasks there are ' || count(*))::integer END "
    "FROM moved";

// Parameters: the attempt's columns from $1 on, those of the log from $17 on, then place, epoch and the time.
const std::string finish_sql =
    "WITH gone AS (DELETE FROM delivery_queue q USING " +
    unnested(std::string(made_names) + ", " + log_names + ", place, epoch") +
    " WHERE q.task_id = u.task AND q.owner_epoch = u.epoch "
    "RETURNING q.destination_id, q.delivery_id, q.task_id, q.organization_id, q.created_at, u.*), "
    "logged AS (INSERT INTO delivery_logs (" +
    log_columns +
    ") SELECT destination_id, delivery_id, task_id, organization_id, coalesce(status, 4), attempts, total, created_at, $26, "
    "coalesce(category, 1), size, sha, idem, correlation FROM gone), "
    "tried AS (INSERT INTO delivery_attempts (" +
    attempt_columns + ") SELECT " + made_columns + " FROM gone) SELECT place FROM gone";

// The same for tasks of which all are there: then nothing has to be taken from the rows that go, and no rows are kept between
// the parts of the statement. Then destination, delivery, organization, time of creation and the number of tasks.
const std::string finish_all_sql =
    "WITH gone AS (DELETE FROM delivery_queue q USING (SELECT " + unnest_each("task", 1) + ", " + unnest_each("epoch", 25) +
    ") AS u WHERE q.task_id = u.task AND q.owner_epoch = u.epoch RETURNING 1), logged AS (INSERT INTO delivery_logs (" +
    log_columns +
    ") SELECT dest, delivery, task, org, coalesce(status, 4), attempts, total, created, $26, coalesce(category, 1), size, sha, "
    "idem, correlation FROM (SELECT " +
    unnest_each("task, category", 1) + ", " + unnest_each(log_names, 17) + ", " +
    unnest_each("dest, delivery, org, created", 27) + ") AS u), tried AS (INSERT INTO delivery_attempts (" + attempt_columns +
    ") SELECT " + made_columns + " FROM " + unnested(made_names) +
    ") SELECT CASE WHEN count(*) = $31 THEN 1 ELSE ('waybill asks again: of its tasks there are ' || count(*))::integer END "
    "FROM gone";

// One that was held back while it was tried stays held, unless its policy lets it be passed (ordering_state 3).
std::string wait_sql(const char* answer) {
  return "WITH moved AS (UPDATE delivery_queue q SET deferred = CASE WHEN q.ordering_state = 2 AND u.ordering = 1 THEN 2 "
         "ELSE 1 END, state = 2, due_at = coalesce(u.due, q.due_at), attempts = u.attempts, total_attempts = u.total, "
         "ordering_state = CASE WHEN q.ordering_state = 2 AND u.ordering = 1 THEN 2 ELSE u.ordering END FROM " +
         unnested(wait_names) +
         " WHERE q.task_id = u.task AND q.owner_epoch = u.epoch RETURNING u.*), "
         "tried AS (INSERT INTO delivery_attempts (" +
         attempt_columns + ") SELECT " + made_columns + " FROM moved) " + answer;
}

// A statement is one message, which libpq builds in memory before it is sent and whose room it keeps; after an outage there may
// be any number of outcomes.
constexpr std::size_t most_at_once = 2'000;

bool is_failure(const attempt_result& made) {
  return made.action != attempt_action::delivered && made.action != attempt_action::canceled;
}

template <class... Columns>
void clear_all(Columns&... columns) {
  (columns.clear(), ...);
}

}  // namespace

void record_writer::columns::clear() {
  clear_all(place, task, epoch, destination, delivery, organization, created_at, status, attempts, total_attempts, size, sha256,
            idempotency, correlation, id, number, started_at, duration, action, category, code, retry_after, bytes_sent,
            disable, reference, detail, message, request, response, due_at, ordering_state);
}

void record_writer::health_columns::clear() {
  clear_all(destination, failures, deliveries, consecutive, breaker, opened_at, next_attempt_at, openings);
}

record_writer::record_writer(connection& db, const shard_epochs& epochs, ordering_writer& ordering, transaction_counts& counts)
    : db_(db),
      epochs_(epochs),
      ordering_(ordering),
      counts_(counts),
      finish_(db, finish_sql),
      finish_all_(db, finish_all_sql),
      wait_(db, wait_sql(which_waits)),
      wait_all_(db, wait_sql(all_wait)),
      is_held_(db, "SELECT 1 FROM delivery_queue WHERE task_id = $1 AND deferred = 2"),
      health_(db, std::string(
                      "UPDATE destination_health h SET total_failures = h.total_failures + u.failures, "
                      "total_deliveries = h.total_deliveries + u.deliveries, "
                      "last_failure_at = CASE WHEN u.failures > 0 THEN $9 ELSE h.last_failure_at END, "
                      "last_success_at = CASE WHEN u.deliveries > 0 THEN $9 ELSE h.last_success_at END, "
                      "consecutive_failures = u.consecutive, breaker = coalesce(u.breaker, 1), breaker_opened_at = u.opened, "
                      "breaker_next_attempt_at = u.next, breaker_openings = u.openings ") +
                      "FROM " + unnested("id, failures, deliveries, consecutive, breaker, opened, next, openings") +
                      " WHERE h.destination_id = u.id") {}

result<std::vector<record_result>> record_writer::record(const std::vector<attempt_record>& batch, utc_time now,
                                                         certainty how) {
  health_changes_.clear();
  answers all(batch.size(), record_result::fenced);
  if (batch.size() > most_at_once) how = certainty::asked;
  for (std::size_t next = 0; next < batch.size();) {
    auto end = record_some(batch, next, now, how, all);
    if (!end) return fail(end.error());
    next = *end;
  }
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (all[i] != record_result::fenced) note(batch[i]);
  send_health(now);
  return all;
}

result<std::size_t> record_writer::record_some(const std::vector<attempt_record>& batch, std::size_t first, utc_time now,
                                               certainty how, answers& to) {
  finished_.clear();
  waiting_.clear();
  std::unordered_set<task_id> seen;
  auto end = first;
  for (; end < batch.size() && end < first + most_at_once && seen.insert(batch[end].before.id).second; ++end) {
    const auto& before = batch[end].before;
    if (epochs_.is_fenced(before.destination, before.owner_epoch)) continue;
    if (!batch[end].ordering_key.empty()) how = certainty::asked;
    to[end] = record_result::recorded;
    if (auto added = add(batch[end], end); !added) return fail(added.error());
  }
  if (how == certainty::foreseen) {
    send_foreseen(now);
    for (auto i = first; i < end; ++i)
      if (to[i] == record_result::recorded) count(batch[i]);
    return end;
  }
  if (auto written = write(batch, first, end, now, to); !written) return fail(written.error());
  if (auto settled = settle(batch, first, end, to); !settled) return fail(settled.error());
  return end;
}

result<void> record_writer::add(const attempt_record& one, std::size_t place) {
  if (is_final(one.after)) {
    add_attempt(one, place, finished_);
    finished_.destination.add(one.before.destination);
    finished_.delivery.add(one.before.delivery);
    finished_.organization.add(one.before.organization);
    finished_.created_at.add(one.before.created_at);
    finished_.status.add_unless(static_cast<std::int64_t>(task_status::delivered), static_cast<std::int64_t>(one.after));
    finished_.size.add(static_cast<std::int64_t>(one.payload_size));
    finished_.sha256.add(one.payload_sha256);
    finished_.idempotency.add_text_or_null(one.idempotency_key);
    finished_.correlation.add_text_or_null(one.correlation_id);
    return {};
  }
  add_attempt(one, place, waiting_);
  waiting_.due_at.add(one.due_at);
  if (one.ordering_key.empty()) {
    waiting_.ordering_state.add_null();
    return {};
  }
  const auto policy = ordering_.policy_of(one.before.destination);
  if (!policy) return fail(policy.error());
  using state = ordering_writer::state;
  const auto after = *policy == ordering_failure::skip ? state::passed : state::may_go;
  waiting_.ordering_state.add(static_cast<std::int64_t>(after));
  return {};
}

void record_writer::add_attempt(const attempt_record& one, std::size_t place, columns& to) {
  const auto& made = one.made;
  const auto& r = made.result;
  to.place.add(static_cast<std::int64_t>(place));
  to.task.add(one.before.id);
  to.epoch.add(static_cast<std::int64_t>(one.before.owner_epoch));
  to.attempts.add(std::int64_t{one.attempts_after});
  to.total_attempts.add(std::int64_t{std::max(one.before.total_attempts + 1, made.number)});
  to.id.add(made.id);
  to.number.add(std::int64_t{made.number});
  to.started_at.add(made.started_at);
  to.duration.add(made.duration);
  to.action.add_unless(static_cast<std::int64_t>(attempt_action::delivered), static_cast<std::int64_t>(r.action));
  to.category.add_unless(static_cast<std::int64_t>(failure_category::none), static_cast<std::int64_t>(r.category));
  to.code.add(std::int64_t{r.code});
  to.retry_after.add(r.retry_after);
  to.bytes_sent.add(static_cast<std::int64_t>(r.bytes_sent));
  r.disable_destination ? to.disable.add(true) : to.disable.add_null();
  to.reference.add_text_or_null(r.external_reference);
  to.detail.add_text_or_null(r.detail);
  to.message.add_text_or_null(r.message);
  to.request.add_text_or_null(r.request);
  to.response.add_text_or_null(r.response);
}

template <class... More>
void record_writer::send_finished(statement& to, answer_use use, utc_time now, const More&... more) {
  const auto& f = finished_;
  to.send_for(use, f.task, f.category, f.id, f.number, f.started_at, f.duration, f.action, f.code, f.retry_after, f.bytes_sent,
              f.disable, f.reference, f.detail, f.message, f.request, f.response, f.status, f.attempts, f.total_attempts,
              f.size, f.sha256, f.idempotency, f.correlation, f.place, f.epoch, now, more...);
}

template <class... More>
void record_writer::send_waiting(statement& to, answer_use use, const More&... more) {
  const auto& w = waiting_;
  to.send_for(use, w.task, w.category, w.id, w.number, w.started_at, w.duration, w.action, w.code, w.retry_after, w.bytes_sent,
              w.disable, w.reference, w.detail, w.message, w.request, w.response, w.place, w.epoch, w.attempts,
              w.total_attempts, w.due_at, w.ordering_state, more...);
}

void record_writer::send_foreseen(utc_time now) {
  const auto& f = finished_;
  const auto counted = [](const columns& all) { return static_cast<std::int64_t>(all.task.size()); };
  if (f.task.size() > 0)
    send_finished(finish_all_, answer_use::unwanted, now, f.destination, f.delivery, f.organization, f.created_at, counted(f));
  if (waiting_.task.size() > 0) send_waiting(wait_all_, answer_use::unwanted, counted(waiting_));
}

result<void> record_writer::write(const std::vector<attempt_record>& batch, std::size_t first, std::size_t end, utc_time now,
                                  answers& to) {
  std::fill(to.begin() + static_cast<std::ptrdiff_t>(first), to.begin() + static_cast<std::ptrdiff_t>(end),
            record_result::fenced);
  if (finished_.task.size() == 0 && waiting_.task.size() == 0) return {};
  if (finished_.task.size() > 0) send_finished(finish_, answer_use::wanted, now);
  if (waiting_.task.size() > 0) send_waiting(wait_, answer_use::wanted);
  auto done = db_.collect();
  if (!done) return fail(done.error());
  for (auto& answer : *done) {
    rows found(std::move(answer));
    while (found.next()) {
      const auto place = found.number<std::size_t>(0);
      to[place] = record_result::recorded;
      count(batch[place]);
    }
  }
  return {};
}

void record_writer::count(const attempt_record& one) {
  if (one.after == task_status::delivered) ++counts_.now.delivered;
  if (one.after == task_status::failed) ++counts_.now.failed;
}

/// Tasks of ordering keys: whose turn it is now.
result<void> record_writer::settle(const std::vector<attempt_record>& batch, std::size_t first, std::size_t end, answers& to) {
  for (auto i = first; i < end; ++i) {
    const auto& one = batch[i];
    if (one.ordering_key.empty() || to[i] == record_result::fenced) continue;
    if (!is_final(one.after)) {
      auto answer = settle_waiting(one);
      if (!answer) return fail(answer.error());
      to[i] = *answer;
      continue;
    }
    auto settled = one.after == task_status::failed ? ordering_.failed(one.before, one.ordering_key)
                                                    : ordering_.settle(one.before.destination, one.ordering_key);
    if (!settled) return settled;
  }
  return {};
}

/// The task waits for its retry: whether it still is the one of its key that goes.
result<record_result> record_writer::settle_waiting(const attempt_record& one) {
  if (auto settled = ordering_.settle(one.before.destination, one.ordering_key); !settled) return fail(settled.error());
  auto held = is_held_.query(one.before.id);
  if (held.next()) return record_result::held;
  if (held.failed()) return fail(held.failure());
  return record_result::recorded;
}

void record_writer::note(const attempt_record& one) {
  auto& health = health_changes_[one.before.destination];
  health.failures += is_failure(one.made.result) ? 1u : 0u;
  health.deliveries += one.after == task_status::delivered ? 1u : 0u;
  health.last = &one.progress;
}

/// Its answer comes with that of the next statement of the transaction: nothing depends on it.
void record_writer::send_health(utc_time now) {
  if (health_changes_.empty()) return;
  auto& h = health_columns_;
  h.clear();
  for (const auto& [destination, change] : health_changes_) {
    const auto& p = *change.last;
    h.destination.add(destination);
    h.failures.add(static_cast<std::int64_t>(change.failures));
    h.deliveries.add(static_cast<std::int64_t>(change.deliveries));
    h.consecutive.add(std::int64_t{p.consecutive_failures});
    h.breaker.add_unless(static_cast<std::int64_t>(breaker_state::closed), static_cast<std::int64_t>(p.breaker));
    h.opened_at.add(p.breaker_opened_at);
    h.next_attempt_at.add(p.breaker_next_attempt_at);
    h.openings.add(std::int64_t{p.breaker_openings});
  }
  health_.send_unanswered(h.destination, h.failures, h.deliveries, h.consecutive, h.breaker, h.opened_at, h.next_attempt_at,
                          h.openings, now);
}

}  // namespace waybill::core::postgres
