// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/accept_writer.hpp"

#include <cstdlib>

#include "core/queue/task_rank.hpp"
#include "core/store/row_codec.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {
namespace {

/// The milliseconds a UUIDv7 begins with.
std::int64_t time_inside(const id_bytes& id) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id[i];
  return ms;
}

/// A task that is due from its creation is found by the queue's own order; any other time needs the index by time.
bool is_deferred(const task& one) { return one.due_at != one.created_at || one.status == task_status::retrying; }

}  // namespace

accept_writer::accept_writer(database& db, ordering_writer& ordering)
    : ordering_(ordering),
      earlier_(db,
               "SELECT body_hash, delivery_id FROM idempotency_keys "
               "WHERE organization_id = ?1 AND route = ?2 AND key = ?3 AND expires_at > ?4"),
      original_(db, "SELECT created_at, tasks FROM deliveries WHERE organization_id = ?1 AND id = ?2"),
      claim_key_(db, "INSERT OR REPLACE INTO idempotency_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
      delivery_(db,
                "INSERT INTO deliveries (id, organization_id, created_at, priority, payload_type, content_type, filename, "
                "metadata, correlation_id, tags, traceparent, idempotency_key, scheduled_at, deliver_within, ordering_key, "
                "tasks, size, sha256, created_by, content, payload_id) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"),
      refer_(db, "UPDATE payloads SET refs = refs + 1, expires_at = NULL WHERE id = ?1 AND organization_id = ?2 AND state = 2"),
      tag_(db, "INSERT OR IGNORE INTO delivery_tags VALUES (?1, ?2, ?3)"),
      task_(db,
            "INSERT INTO delivery_queue (destination_id, deferred, rank, delivery_id, task_id, organization_id, shard, "
            "state, priority, due_at, attempts, total_attempts, owner_epoch, created_at, deliver_by) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"),
      keyed_task_(db,
                  "INSERT INTO delivery_queue (destination_id, deferred, rank, delivery_id, task_id, organization_id, shard, "
                  "state, priority, due_at, attempts, total_attempts, owner_epoch, created_at, deliver_by, ordering_key, "
                  "ordering_number, ordering_state) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"),
      exists_(db, "SELECT 1 FROM delivery_destinations WHERE id = ?1"),
      cancelled_(db,
                 "INSERT INTO delivery_logs (destination_id, delivery_id, task_id, organization_id, status, attempts, "
                 "total_attempts, created_at, finished_at, category, payload_size, payload_sha256, correlation_id) "
                 "VALUES (?1, ?2, ?3, ?4, 6, 0, 0, ?5, ?6, 1, ?7, ?8, ?9)"),
      count_(db, "UPDATE counters SET accepted = accepted + ?1, cancelled = cancelled + ?2"),
      read_skew_(db, "SELECT value FROM store_facts WHERE name = 'id_clock_skew_ms'"),
      ageing_(db,
              "INSERT INTO queue_ageing (step_ms) VALUES (?1) "
              "ON CONFLICT (step_ms) DO UPDATE SET number = (SELECT max(number) + 1 FROM queue_ageing)"),
      write_skew_(db, "UPDATE store_facts SET value = ?1 WHERE name = 'id_clock_skew_ms'") {}

result<std::vector<accept_result>> accept_writer::accept(const std::vector<new_delivery>& batch, utc_time now) {
  existing_.clear();
  accepted_tasks_ = cancelled_tasks_ = 0;
  std::vector<accept_result> answers;
  answers.reserve(batch.size());
  for (const auto& request : batch) {
    auto one = accept_one(request, now);
    if (!one) return fail(one.error());
    answers.push_back(std::move(*one));
  }
  if (accepted_tasks_ > 0)
    if (auto counted = count_.run(accepted_tasks_, cancelled_tasks_); !counted) return fail(counted.error());
  return answers;
}

result<accept_result> accept_writer::accept_one(const new_delivery& request, utc_time now) {
  const auto& content = *request.content;
  if (request.idempotency) {
    auto earlier = find_earlier(request, now);
    if (!earlier) return fail(earlier.error());
    if (*earlier) return std::move(**earlier);
    const auto& key = *request.idempotency;
    auto claimed = claim_key_.run(content.organization, key.route, key.key, key.body_hash, content.id, key.expires_at);
    if (!claimed) return fail(claimed.error());
  }
  if (auto done = insert_delivery(request); !done) return fail(done.error());
  if (auto done = insert_tags(content); !done) return fail(done.error());
  accept_result answer;
  if (auto done = insert_tasks(request, now, answer.held); !done) return fail(done.error());
  if (auto done = note_id_clock(content); !done) return fail(done.error());
  answer.original = content.id;
  answer.original_created_at = content.created_at;
  return answer;
}

result<std::optional<accept_result>> accept_writer::find_earlier(const new_delivery& request, utc_time now) {
  const auto& key = *request.idempotency;
  const auto org = request.content->organization;
  auto found = earlier_.query(org, key.route, key.key, now);
  if (!found.next()) {
    if (found.failed()) return fail(found.failure());
    return std::optional<accept_result>{};
  }
  if (found.digest(0) == key.body_hash) return original(org, found.id<delivery_id>(1));
  accept_result reused;
  reused.outcome = accept_result::kind::key_reused;
  reused.original = found.id<delivery_id>(1);
  return std::optional<accept_result>{reused};
}

/// A delivery that retention took already cannot be repeated: then the key counts as free.
result<std::optional<accept_result>> accept_writer::original(organization_id org, delivery_id id) {
  auto found = original_.query(org, id);
  if (!found.next()) {
    if (found.failed()) return fail(found.failure());
    return std::optional<accept_result>{};
  }
  accept_result replay;
  replay.outcome = accept_result::kind::replayed;
  replay.original = id;
  replay.original_created_at = found.time(0);
  replay.original_tasks = unpack_targets(found.bytes(1));
  return std::optional<accept_result>{std::move(replay)};
}

result<void> accept_writer::insert_delivery(const new_delivery& request) {
  const auto& d = *request.content;
  const auto tags = d.tags.empty() ? std::string() : texts_to_json(d.tags);
  const auto targets = pack_targets(request.tasks);
  auto done = delivery_.run(d.id, d.organization, d.created_at, d.priority, text_or_null{d.payload_type},
                            text_or_null{d.content_type}, text_or_null{d.filename}, d.metadata, text_or_null{d.correlation_id},
                            text_or_null{tags}, text_or_null{d.traceparent}, text_or_null{d.idempotency_key}, d.scheduled_at,
                            d.deliver_within, text_or_null{d.ordering_key}, blob_view(targets), d.content_size(), d.sha256,
                            d.created_by, blob_view(d.content), d.in_memory() ? std::nullopt : std::optional(d.payload));
  if (!done) return fail(done.error());
  return d.in_memory() ? result<void>{} : refer_to_payload(d);
}

/// It may have been swept since the request was checked.
result<void> accept_writer::refer_to_payload(const delivery& content) {
  auto done = refer_.run(content.payload, content.organization);
  if (!done) return fail(done.error());
  if (*done == 0) return fail(error_code::payload_not_found, "There is no such payload.");
  return {};
}

result<void> accept_writer::insert_tags(const delivery& content) {
  for (const auto& tag : content.tags)
    if (auto done = tag_.run(content.organization, tag, content.id); !done) return fail(done.error());
  return {};
}

result<void> accept_writer::insert_tasks(const new_delivery& request, utc_time now, std::vector<task_id>& held) {
  accepted_tasks_ += request.tasks.size();
  for (const auto& one : request.tasks) {
    const auto exists = destination_exists(one.destination);
    if (!exists) return fail(exists.error());
    if (!*exists) {
      if (auto done = insert_cancelled(one, *request.content, now); !done) return done;
      continue;
    }
    if (auto noted = note_ageing(one); !noted) return noted;
    if (!request.content->ordering_key.empty()) {
      if (auto done = insert_keyed(one, request.content->ordering_key, held); !done) return done;
      continue;
    }
    auto done = task_.run(one.destination, is_deferred(one), one.rank, one.delivery, one.id, one.organization,
                          shard_of(one.destination), one.status, one.priority, one.due_at, one.attempts, one.total_attempts,
                          one.owner_epoch, one.created_at, one.deliver_by);
    if (!done) return fail(done.error());
  }
  return {};
}

result<void> accept_writer::insert_keyed(const task& one, const std::string& key, std::vector<task_id>& held) {
  const auto waits = ordering_.must_wait(one.destination, key);
  if (!waits) return fail(waits.error());
  const auto number = ordering_.number_of(one.organization, one.delivery);
  if (!number) return fail(number.error());
  auto done = keyed_task_.run(one.destination, *waits ? 2 : is_deferred(one), one.rank, one.delivery, one.id, one.organization,
                              shard_of(one.destination), one.status, one.priority, one.due_at, one.attempts, one.total_attempts,
                              one.owner_epoch, one.created_at, one.deliver_by, key, *number,
                              *waits ? ordering_writer::state::held : ordering_writer::state::may_go);
  if (!done) return fail(done.error());
  if (*waits) held.push_back(one.id);
  return {};
}

/// A rank is found again by its step (task_reader): one that was made otherwise would be lost.
result<void> accept_writer::note_ageing(const task& one) {
  const auto step = ageing_step_of(one);
  if (rank_of(one.created_at, one.priority, step) != one.rank)
    return fail(error_code::internal_error, "a task's rank does not follow from its time and priority");
  if (one.priority == 0 || step == known_step_) return {};
  auto done = ageing_.run(step);
  if (!done) return fail(done.error());
  known_step_ = step;
  return {};
}

result<bool> accept_writer::destination_exists(destination_id id) {
  const auto known = existing_.find(id);
  if (known != existing_.end()) return known->second;
  auto found = exists_.query(id);
  const bool exists = found.next();
  if (found.failed()) return fail(found.failure());
  existing_.emplace(id, exists);
  return exists;
}

result<void> accept_writer::insert_cancelled(const task& one, const delivery& content, utc_time now) {
  auto done = cancelled_.run(one.destination, one.delivery, one.id, one.organization, one.created_at, now,
                             content.content_size(), content.sha256, text_or_null{content.correlation_id});
  if (!done) return fail(done.error());
  ++cancelled_tasks_;
  return {};
}

/// Doubles as it grows, so that even a clock that runs away costs no more than some forty updates in the life of a store.
result<void> accept_writer::note_id_clock(const delivery& content) {
  if (!known_skew_ms_) {
    auto found = read_skew_.query();
    if (!found.next()) return fail(found.failure());
    known_skew_ms_ = found.integer(0);
  }
  const auto skew = std::abs(time_inside(content.id.bytes()) - to_unix_ms(content.created_at));
  if (skew <= *known_skew_ms_) return {};
  auto done = write_skew_.run(2 * skew);
  if (!done) return fail(done.error());
  known_skew_ms_ = 2 * skew;
  return {};
}

}  // namespace waybill::core::sqlite
