// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/accept_writer.hpp"

#include <cstdlib>
#include <map>
#include <tuple>
#include <utility>

#include "core/queue/task_rank.hpp"
#include "core/store/postgres/unnested.hpp"
#include "core/store/row_packing.hpp"

namespace waybill::core::postgres {
namespace {

// What the columns of each statement are called in it; NULL stands for the usual value (accept_columns).
constexpr const char* delivery_names =
    "id, org, by, at, priority, type, content_type, filename, metadata, correlation, tags, trace, idem, scheduled, within, "
    "okey, tasks, size, sha, content, payload";
constexpr const char* task_names =
    "id, dest, delivery, org, rank, epoch, at, due, until, attempts, total, shard, priority, deferred, state";

std::string delivery_sql(bool numbered) {
  const std::string more = numbered ? ", number" : "";
  return "INSERT INTO deliveries (id, organization_id, created_by, created_at, priority, payload_type, content_type, filename, "
         "metadata, correlation_id, tags, traceparent, idempotency_key, scheduled_at, deliver_within, ordering_key, tasks, "
         "size, sha256, content, payload_id" +
         more +
         ") SELECT id, org, by, at, priority, type, content_type, filename, coalesce(metadata, '{}'), correlation, tags, "
         "trace, idem, scheduled, within, okey, tasks, size, sha, content, payload" +
         more + " FROM " + unnested(delivery_names + more);
}

std::string task_sql(bool keyed, const std::string& condition) {
  const std::string columns = keyed ? ", ordering_number, ordering_state, ordering_key" : "";
  const std::string more = keyed ? ", number, ostate, okey" : "";
  return "INSERT INTO delivery_queue (task_id, destination_id, delivery_id, organization_id, rank, owner_epoch, created_at, "
         "due_at, deliver_by, attempts, total_attempts, shard, priority, deferred, state" +
         columns +
         ") SELECT u.id, dest, delivery, org, rank, epoch, at, coalesce(due, at), until, coalesce(attempts, 0), "
         "coalesce(total, 0), shard, priority, coalesce(deferred, 0), coalesce(u.state, 1)" +
         more + " FROM " + unnested(task_names + more) + condition;
}

// Leaves out the tasks whose destination is gone.
constexpr const char* of_destinations = " JOIN delivery_destinations d ON d.id = u.dest";
// Fails unless all of the destinations are there, by a text that is no number and that the server logs.
constexpr const char* if_none_is_gone =
    " WHERE (SELECT CASE WHEN count(*) = $17 THEN 1 ELSE ('waybill asks again: of its destinations there are ' || "
    "count(*))::integer END FROM delivery_destinations WHERE id = ANY ($16)) = 1";

/// The milliseconds a UUIDv7 begins with.
std::int64_t time_inside(const id_bytes& id) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id[i];
  return ms;
}

/// A task that is due from its creation is found by rank; any other time needs the index by time.
std::int16_t place_of(const task& one) { return one.due_at != one.created_at || one.status == task_status::retrying ? 1 : 0; }

// A statement is one message, which libpq builds in memory before it is sent and whose room it keeps.
constexpr std::size_t most_at_once = 4 * 1024 * 1024;

bool is_new(const accept_result& answer) { return answer.outcome == accept_result::kind::accepted; }

accept_result replay_of(const new_delivery& first) {
  accept_result replay;
  replay.outcome = accept_result::kind::replayed;
  replay.original = first.content->id;
  replay.original_created_at = first.content->created_at;
  for (const auto& one : first.tasks) replay.original_tasks.emplace_back(one.id, one.destination);
  return replay;
}

accept_result reuse_of(delivery_id original) {
  accept_result reused;
  reused.outcome = accept_result::kind::key_reused;
  reused.original = original;
  return reused;
}

}  // namespace

accept_writer::accept_writer(connection& db, ordering_writer& ordering, transaction_counts& counts)
    : db_(db),
      ordering_(ordering),
      counts_(counts),
      earlier_(db,
               "SELECT u.place, k.body_hash, k.delivery_id, d.created_at, d.tasks "
               "FROM unnest($1, $2, $3, $4) AS u (place, org, route, key) JOIN idempotency_keys k "
               "ON k.organization_id = u.org AND k.route = u.route AND k.key = u.key AND k.expires_at > $5 "
               "LEFT JOIN deliveries d ON d.organization_id = k.organization_id AND d.id = k.delivery_id"),
      numbers_(db, "SELECT nextval('deliveries_number') FROM generate_series(1, $1)"),
      deliveries_(db, delivery_sql(false)),
      numbered_deliveries_(db, delivery_sql(true)),
      tasks_(db, task_sql(false, of_destinations)),
      foreseen_tasks_(db, task_sql(false, if_none_is_gone)),
      keyed_tasks_(db, task_sql(true, of_destinations)),
      tags_(db,
            "INSERT INTO delivery_tags (organization_id, tag, delivery_id) "
            "SELECT u.org, u.tag, u.delivery FROM unnest($1, $2, $3) AS u (org, tag, delivery) ON CONFLICT DO NOTHING"),
      claim_keys_(db,
                  "INSERT INTO idempotency_keys (organization_id, route, key, body_hash, delivery_id, expires_at) "
                  "SELECT u.org, u.route, u.key, u.hash, u.delivery, u.until "
                  "FROM unnest($1, $2, $3, $4, $5, $6) AS u (org, route, key, hash, delivery, until) "
                  "ON CONFLICT (organization_id, route, key) DO UPDATE SET body_hash = excluded.body_hash, "
                  "delivery_id = excluded.delivery_id, expires_at = excluded.expires_at"),
      // One that was swept since its request was checked is missing: then the counts differ.
      refer_(db,
             "WITH wanted AS (SELECT u.id, u.org, count(*) AS times FROM unnest($1, $2) AS u (id, org) GROUP BY u.id, u.org), "
             "referred AS (UPDATE payloads p SET refs = p.refs + w.times, expires_at = NULL FROM wanted w "
             "WHERE p.id = w.id AND p.organization_id = w.org AND p.state = 2 RETURNING 1) "
             "SELECT (SELECT count(*) FROM wanted) - (SELECT count(*) FROM referred)"),
      homeless_(
          db,
          "WITH gone AS (INSERT INTO delivery_logs (destination_id, delivery_id, task_id, organization_id, status, attempts, "
          "total_attempts, created_at, finished_at, category, payload_size, payload_sha256, correlation_id) "
          "SELECT u.dest, u.delivery, u.id, u.org, 6, 0, 0, u.at, $6, 1, v.size, v.sha256, v.correlation_id "
          "FROM unnest($1, $2, $3, $4, $5) AS u (id, dest, delivery, org, at) "
          "JOIN deliveries v ON v.organization_id = u.org AND v.id = u.delivery "
          "WHERE NOT EXISTS (SELECT 1 FROM delivery_destinations d WHERE d.id = u.dest) RETURNING 1) "
          "SELECT count(*) FROM gone"),
      read_skew_(db, "SELECT value FROM store_facts WHERE name = 'id_clock_skew_ms'"),
      write_skew_(db, "UPDATE store_facts SET value = $1 WHERE name = 'id_clock_skew_ms'"),
      ageing_(db,
              "INSERT INTO queue_ageing (step_ms, number) VALUES ($1, (SELECT coalesce(max(number), 0) + 1 FROM queue_ageing)) "
              "ON CONFLICT (step_ms) DO UPDATE SET number = excluded.number") {}

result<std::vector<accept_result>> accept_writer::accept(const std::vector<new_delivery>& batch, utc_time now, certainty how) {
  answers all(batch.size());
  if (auto found = find_earlier(batch, now, all); !found) return fail(found.error());
  if (auto ready = prepare_keyed(batch, all); !ready) return fail(ready.error());
  columns_.clear();
  accepted_tasks_ = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!is_new(all[i])) continue;
    const auto& content = *batch[i].content;
    const auto number = numbers_of_batch_.empty() ? std::nullopt : std::optional(numbers_of_batch_[i]);
    columns_.add(batch[i], number);
    if (auto added = add_tasks(batch[i], number.value_or(0), all[i]); !added) return fail(added.error());
    if (auto noted = note_id_clock(content); !noted) return fail(noted.error());
    all[i].original = content.id;
    all[i].original_created_at = content.created_at;
    if (columns_.delivery.content.bytes().size() < most_at_once) continue;
    if (auto written = write(now, certainty::asked); !written) return fail(written.error());
    columns_.clear();
    accepted_tasks_ = 0;
  }
  if (columns_.delivery.id.size() > 0)
    if (auto written = write(now, how); !written) return fail(written.error());
  return all;
}

/// Requests whose key was used before: by an earlier transaction, or by an earlier request of this batch.
result<void> accept_writer::find_earlier(const std::vector<new_delivery>& batch, utc_time now, answers& to) {
  columns_.clear();
  auto& asked = columns_.key;
  auto& place = columns_.delivery.number;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].idempotency) continue;
    place.add(static_cast<std::int64_t>(i));
    asked.organization.add(batch[i].content->organization);
    asked.route.add_text(batch[i].idempotency->route);
    asked.key.add_text(batch[i].idempotency->key);
  }
  if (place.size() == 0) return {};
  auto found = earlier_.query(place, asked.organization, asked.route, asked.key, now);
  while (found.next()) {
    const auto i = found.number<std::size_t>(0);
    const auto original = found.id<delivery_id>(2);
    if (found.digest(1) != batch[i].idempotency->body_hash) {
      to[i] = reuse_of(original);
      continue;
    }
    // A delivery that retention took already cannot be repeated: then the key counts as free.
    if (found.is_null(3)) continue;
    to[i].outcome = accept_result::kind::replayed;
    to[i].original = original;
    to[i].original_created_at = found.time(3);
    to[i].original_tasks = unpack_targets(found.bytes(4));
  }
  if (found.failed()) return fail(found.failure());
  find_repeated(batch, to);
  return {};
}

void accept_writer::find_repeated(const std::vector<new_delivery>& batch, answers& to) const {
  std::map<std::tuple<id_bytes, std::string_view, std::string_view>, const new_delivery*> first;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& claim = batch[i].idempotency;
    if (!claim || !is_new(to[i])) continue;
    const auto [known, fresh] = first.emplace(
        std::tuple(batch[i].content->organization.bytes(), std::string_view(claim->route), std::string_view(claim->key)),
        &batch[i]);
    if (fresh) continue;
    const auto& earlier = *known->second;
    to[i] = earlier.idempotency->body_hash == claim->body_hash ? replay_of(earlier) : reuse_of(earlier.content->id);
  }
}

/// The numbers of the order of acceptance, if any of the batch has an ordering key.
result<void> accept_writer::prepare_keyed(const std::vector<new_delivery>& batch, const answers& to) {
  numbers_of_batch_.clear();
  key_waits_.clear();
  bool keyed = false;
  for (std::size_t i = 0; i < batch.size(); ++i) keyed = keyed || (is_new(to[i]) && !batch[i].content->ordering_key.empty());
  if (!keyed) return {};
  auto found = numbers_.query(batch.size());
  while (found.next()) numbers_of_batch_.push_back(found.integer(0));
  if (found.failed()) return fail(found.failure());
  if (numbers_of_batch_.size() != batch.size()) return fail(error_code::internal_error, "postgresql: numbers are missing");
  return {};
}

result<void> accept_writer::add_tasks(const new_delivery& request, std::int64_t number, accept_result& answer) {
  accepted_tasks_ += request.tasks.size();
  const auto& key = request.content->ordering_key;
  for (const auto& one : request.tasks) {
    if (auto noted = note_ageing(one); !noted) return noted;
    if (key.empty()) {
      columns_.add(one, place_of(one));
      columns_.add_unordered();
      continue;
    }
    const auto place = place_of_keyed(one, key, answer);
    if (!place) return fail(place.error());
    constexpr std::int16_t held = 2;
    columns_.add(one, *place);
    columns_.add_ordered(number, *place == held ? held : 1, key);
  }
  return {};
}

/// The first of its key may go, unless an earlier one is under way; those after it in this batch wait for it.
result<std::int16_t> accept_writer::place_of_keyed(const task& one, const std::string& key, accept_result& answer) {
  auto& known = key_waits_[one.destination];
  auto entry = known.find(key);
  if (entry == known.end()) {
    const auto waits = ordering_.must_wait(one.destination, key);
    if (!waits) return fail(waits.error());
    entry = known.emplace(key, *waits).first;
  }
  if (!std::exchange(entry->second, true)) return place_of(one);
  answer.held.push_back(one.id);
  return std::int16_t{2};
}

result<void> accept_writer::write(utc_time now, certainty how) {
  const auto& d = columns_.delivery;
  const auto& t = columns_.task;
  const auto& k = columns_.key;
  const bool numbered = !numbers_of_batch_.empty();
  const bool foreseen = how == certainty::foreseen && !numbered && columns_.payload.id.size() == 0;
  const auto use = foreseen ? answer_use::unwanted : answer_use::wanted;
  const auto send = [&](statement& to, const auto&... more) {
    to.send_for(use, d.id, d.organization, d.created_by, d.created_at, d.priority, d.payload_type, d.content_type, d.filename,
                d.metadata, d.correlation, d.tags, d.traceparent, d.idempotency, d.scheduled_at, d.deliver_within,
                d.ordering_key, d.tasks, d.size, d.sha256, d.content, d.payload, more...);
  };
  const auto send_tasks = [&](statement& to, const auto&... more) {
    to.send_for(use, t.id, t.destination, t.delivery, t.organization, t.rank, t.epoch, t.created_at, t.due_at, t.deliver_by,
                t.attempts, t.total_attempts, t.shard, t.priority, t.deferred, t.state, more...);
  };
  if (columns_.payload.id.size() > 0) refer_.send(columns_.payload.id, columns_.payload.organization);
  if (columns_.tag.tag.size() > 0) tags_.send_for(use, columns_.tag.organization, columns_.tag.tag, columns_.tag.delivery);
  if (k.key.size() > 0) claim_keys_.send_for(use, k.organization, k.route, k.key, k.body_hash, k.delivery, k.expires_at);
  numbered ? send(numbered_deliveries_, d.number) : send(deliveries_);
  if (foreseen) {
    send_tasks(foreseen_tasks_, columns_.destinations(), static_cast<std::int64_t>(columns_.destinations().size()));
    counts_.now.accepted += static_cast<std::int64_t>(accepted_tasks_);
    return {};
  }
  numbered ? send_tasks(keyed_tasks_, t.ordering_number, t.ordering_state, t.ordering_key) : send_tasks(tasks_);
  return take_answers(now);
}

result<void> accept_writer::take_answers(utc_time now) {
  auto done = db_.collect();
  if (!done) return fail(done.error());
  if (columns_.payload.id.size() > 0) {
    rows referred(std::move(done->front()));
    if (!referred.next() || referred.integer(0) != 0) return fail(error_code::payload_not_found, "There is no such payload.");
  }
  counts_.now.accepted += static_cast<std::int64_t>(accepted_tasks_);
  const auto queued = static_cast<std::size_t>(rows(std::move(done->back())).changed());
  return queued == accepted_tasks_ ? result<void>{} : cancel_homeless(now);
}

/// A destination may have been deleted since its requests were checked: nobody would ever take such a task up.
result<void> accept_writer::cancel_homeless(utc_time now) {
  const auto& t = columns_.task;
  auto cancelled = homeless_.query(t.id, t.destination, t.delivery, t.organization, t.created_at, now);
  if (!cancelled.next()) return fail(cancelled.failure());
  counts_.now.cancelled += cancelled.integer(0);
  return {};
}

/// The step with which a redriven task's rank is made again.
result<void> accept_writer::note_ageing(const task& one) {
  const auto step = ageing_step_of(one);
  if (one.priority == 0 || step == known_step_) return {};
  auto done = ageing_.run(step);
  if (!done) return fail(done.error());
  known_step_ = step;
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

}  // namespace waybill::core::postgres
