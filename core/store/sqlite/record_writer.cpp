// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/record_writer.hpp"

#include <algorithm>
#include <array>

namespace waybill::core::sqlite {
namespace {

/// Where the task's row is likely to be: one that is due from its creation and was not tried yet has deferred = 0.
int likely_deferred(const task& before) {
  return before.total_attempts > 0 || before.status == task_status::retrying || before.due_at != before.created_at ? 1 : 0;
}

constexpr int no_place = -1;

/// The values of `deferred` that its row may have, the likely one first. Only a keyed task is ever held (2).
std::array<int, 3> places(const task& before, bool keyed) {
  const int likely = likely_deferred(before);
  return {likely, 1 - likely, keyed ? 2 : no_place};
}

bool is_failure(const attempt_result& made) {
  return made.action != attempt_action::delivered && made.action != attempt_action::canceled;
}

}  // namespace

// Every write to the queue names the whole key and the epoch: zero rows mean that the task is no longer ours.
record_writer::record_writer(database& db, const shard_epochs& epochs, ordering_writer& ordering)
    : db_(db),
      epochs_(epochs),
      ordering_(ordering),
      previous_(db,
                "SELECT last_attempt FROM delivery_queue WHERE destination_id = ?1 AND deferred IN (0, 1, 2) AND rank = ?2 "
                "AND delivery_id = ?3 AND task_id = ?4 AND owner_epoch = ?5"),
      leave_(db,
             "DELETE FROM delivery_queue WHERE destination_id = ?1 AND deferred = ?6 AND rank = ?2 "
             "AND delivery_id = ?3 AND task_id = ?4 AND owner_epoch = ?5"),
      wait_(db,
            "UPDATE delivery_queue SET deferred = 1, state = 2, due_at = ?7, attempts = ?8, total_attempts = ?9, "
            "last_attempt = ?10 WHERE destination_id = ?1 AND deferred = ?6 AND rank = ?2 AND delivery_id = ?3 "
            "AND task_id = ?4 AND owner_epoch = ?5"),
      // One that was held back while it was tried stays held, unless its policy lets it be passed (?11 = 3).
      keyed_wait_(db,
                  "UPDATE delivery_queue SET deferred = iif(ordering_state = 2 AND ?11 = 1, 2, 1), state = 2, due_at = ?7, "
                  "attempts = ?8, total_attempts = ?9, last_attempt = ?10, "
                  "ordering_state = iif(ordering_state = 2 AND ?11 = 1, 2, ?11) WHERE destination_id = ?1 AND deferred = ?6 "
                  "AND rank = ?2 AND delivery_id = ?3 AND task_id = ?4 AND owner_epoch = ?5"),
      is_held_(db,
               "SELECT 1 FROM delivery_queue WHERE destination_id = ?1 AND deferred = 2 AND rank = ?2 AND delivery_id = ?3 "
               "AND task_id = ?4"),
      attempt_(db,
               "INSERT INTO delivery_attempts (id, task_id, number, previous, started_at, duration_ms, action, category, code, "
               "retry_after_ms, bytes_sent, disable_destination, external_reference, detail, message, request, response) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"),
      undo_attempt_(db, "DELETE FROM delivery_attempts WHERE row = ?1"),
      log_(db,
           "INSERT INTO delivery_logs (destination_id, delivery_id, task_id, organization_id, status, attempts, "
           "total_attempts, created_at, finished_at, category, last_attempt, payload_size, payload_sha256, idempotency_key, "
           "correlation_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"),
      health_(db,
              "UPDATE destination_health SET total_failures = total_failures + ?2, total_deliveries = total_deliveries + ?3, "
              "last_failure_at = coalesce(?4, last_failure_at), last_success_at = coalesce(?5, last_success_at), "
              "consecutive_failures = ?6, breaker = ?7, breaker_opened_at = ?8, breaker_next_attempt_at = ?9, "
              "breaker_openings = ?10 WHERE destination_id = ?1"),
      count_(db, "UPDATE counters SET delivered = delivered + ?1, failed = failed + ?2") {}

result<std::vector<record_result>> record_writer::record(const std::vector<attempt_record>& batch, utc_time now) {
  health_changes_.clear();
  delivered_ = failed_ = 0;
  std::vector<record_result> answers;
  answers.reserve(batch.size());
  for (const auto& one : batch) {
    auto answer = record_one(one, now);
    if (!answer) return fail(answer.error());
    answers.push_back(*answer);
  }
  if (auto done = write_health(now); !done) return fail(done.error());
  if (auto done = write_counters(); !done) return fail(done.error());
  return answers;
}

result<record_result> record_writer::record_one(const attempt_record& one, utc_time now) {
  const auto& before = one.before;
  if (epochs_.is_fenced(before.destination, before.owner_epoch)) return record_result::fenced;
  std::optional<std::int64_t> previous;
  if (before.total_attempts > 0 || one.made.number > 1) {
    auto found = previous_.query(before.destination, before.rank, before.delivery, before.id, before.owner_epoch);
    if (!found.next()) {
      if (found.failed()) return fail(found.failure());
      return record_result::fenced;
    }
    if (!found.is_null(0)) previous = found.integer(0);
  }
  auto answer = is_final(one.after) ? finish(one, previous, now) : postpone(one, previous);
  if (!answer || *answer == record_result::fenced) return answer;
  auto& health = health_changes_[before.destination];
  health.failures += is_failure(one.made.result) ? 1u : 0u;
  health.deliveries += one.after == task_status::delivered ? 1u : 0u;
  health.last = &one.progress;
  return answer;
}

result<record_result> record_writer::finish(const attempt_record& one, std::optional<std::int64_t> previous, utc_time now) {
  const auto& before = one.before;
  const bool keyed = !one.ordering_key.empty();
  for (const int deferred : places(before, keyed)) {
    if (deferred == no_place) continue;
    auto left = leave_.run(before.destination, before.rank, before.delivery, before.id, before.owner_epoch, deferred);
    if (!left) return fail(left.error());
    if (*left == 0) continue;
    auto row = insert_attempt(one.made, previous);
    if (!row) return fail(row.error());
    auto logged =
        log_.run(before.destination, before.delivery, before.id, before.organization, one.after, one.attempts_after,
                 std::max(before.total_attempts + 1, one.made.number), before.created_at, now, one.made.result.category, *row,
                 one.payload_size, one.payload_sha256, text_or_null{one.idempotency_key}, text_or_null{one.correlation_id});
    if (!logged) return fail(logged.error());
    (one.after == task_status::delivered ? delivered_ : failed_) += 1;
    if (!keyed) return record_result::recorded;
    auto settled = one.after == task_status::failed ? ordering_.failed(before, one.ordering_key)
                                                    : ordering_.settle(before.destination, one.ordering_key);
    if (!settled) return fail(settled.error());
    return record_result::recorded;
  }
  return record_result::fenced;
}

result<record_result> record_writer::postpone(const attempt_record& one, std::optional<std::int64_t> previous) {
  const auto& before = one.before;
  const bool keyed = !one.ordering_key.empty();
  auto state = ordering_writer::state::may_go;
  if (keyed) {
    const auto policy = ordering_.policy_of(before.destination);
    if (!policy) return fail(policy.error());
    if (*policy == ordering_failure::skip) state = ordering_writer::state::passed;
  }
  auto row = insert_attempt(one.made, previous);
  if (!row) return fail(row.error());
  const auto total = std::max(before.total_attempts + 1, one.made.number);
  const auto due = one.due_at.value_or(before.due_at);
  for (const int deferred : places(before, keyed)) {
    if (deferred == no_place) continue;
    auto moved = keyed ? keyed_wait_.run(before.destination, before.rank, before.delivery, before.id, before.owner_epoch,
                                         deferred, due, one.attempts_after, total, *row, state)
                       : wait_.run(before.destination, before.rank, before.delivery, before.id, before.owner_epoch, deferred,
                                   due, one.attempts_after, total, *row);
    if (!moved) return fail(moved.error());
    if (*moved > 0) return keyed ? settle(one) : record_result::recorded;
  }
  // Not ours: the attempt must leave no trace either. It is the last row of the table, so its number is free again.
  auto undone = undo_attempt_.run(*row);
  if (!undone) return fail(undone.error());
  return record_result::fenced;
}

/// The task waits for its retry: whether it still is the one of its key that goes.
result<record_result> record_writer::settle(const attempt_record& one) {
  const auto& t = one.before;
  if (auto settled = ordering_.settle(t.destination, one.ordering_key); !settled) return fail(settled.error());
  auto held = is_held_.query(t.destination, t.rank, t.delivery, t.id);
  if (held.next()) return record_result::held;
  if (held.failed()) return fail(held.failure());
  return record_result::recorded;
}

result<std::int64_t> record_writer::insert_attempt(const attempt& made, std::optional<std::int64_t> previous) {
  const auto& r = made.result;
  auto done = attempt_.run(made.id, made.task, made.number, previous, made.started_at, made.duration, r.action, r.category,
                           r.code, r.retry_after, r.bytes_sent, r.disable_destination, text_or_null{r.external_reference},
                           text_or_null{r.detail}, text_or_null{r.message}, text_or_null{r.request}, text_or_null{r.response});
  if (!done) return fail(done.error());
  return db_.last_row();
}

result<void> record_writer::write_health(utc_time now) {
  for (const auto& [destination, change] : health_changes_) {
    const auto& p = *change.last;
    const auto failed_at = change.failures > 0 ? std::optional(now) : std::nullopt;
    const auto succeeded_at = change.deliveries > 0 ? std::optional(now) : std::nullopt;
    auto done = health_.run(destination, change.failures, change.deliveries, failed_at, succeeded_at, p.consecutive_failures,
                            p.breaker, p.breaker_opened_at, p.breaker_next_attempt_at, p.breaker_openings);
    if (!done) return fail(done.error());
  }
  return {};
}

result<void> record_writer::write_counters() {
  if (delivered_ == 0 && failed_ == 0) return {};
  auto done = count_.run(delivered_, failed_);
  if (!done) return fail(done.error());
  return {};
}

}  // namespace waybill::core::sqlite
