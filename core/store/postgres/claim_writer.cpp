// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/claim_writer.hpp"

#include <algorithm>
#include <utility>

#include "core/queue/task_rank.hpp"
#include "core/store/row_codec.hpp"

namespace waybill::core::postgres {
namespace {

constexpr const char* queue_columns =
    "task_id, delivery_id, organization_id, state, priority, attempts, total_attempts, created_at, due_at, deliver_by, "
    "owner_epoch, rank";
// What is past its time is nobody's to try: it becomes a dead letter (order_store.hpp, expire).
constexpr const char* in_time = " AND (deliver_by IS NULL OR deliver_by > $3) ";
// Within one priority and state the deferred rows are in the order of their turns.
constexpr const char* each_group = "FROM generate_series(0, 10) AS p (priority) CROSS JOIN (VALUES (1), (2)) AS s (state) ";

task task_from(const rows& row, destination_id destination) {
  task t;
  t.id = row.id<task_id>(0);
  t.delivery = row.id<delivery_id>(1);
  t.organization = row.id<organization_id>(2);
  t.destination = destination;
  t.status = row.number<task_status>(3);
  t.priority = row.number<std::uint8_t>(4);
  t.attempts = row.number<std::uint32_t>(5);
  t.total_attempts = row.number<std::uint32_t>(6);
  t.created_at = row.time(7);
  t.due_at = row.time(8);
  t.deliver_by = row.maybe_time(9);
  t.owner_epoch = row.number<std::uint64_t>(10);
  t.rank = row.integer(11);
  return t;
}

}  // namespace

claim_writer::claim_writer(connection& db, const shard_epochs& epochs)
    : db_(db),
      epochs_(epochs),
      on_time_(db, std::string("SELECT ") + queue_columns +
                       " FROM delivery_queue WHERE destination_id = $1 AND deferred = 0 AND due_at <= $2" + in_time +
                       "ORDER BY rank, delivery_id, task_id LIMIT $4"),
      deferred_(db, std::string("SELECT q.* ") + each_group + "CROSS JOIN LATERAL (SELECT " + queue_columns +
                        " FROM delivery_queue d WHERE d.destination_id = $1 AND d.deferred = 1 AND d.priority = p.priority "
                        "AND d.state = s.state AND d.due_at <= $2" +
                        in_time + "ORDER BY d.due_at, d.delivery_id LIMIT $4) AS q"),
      later_(db, std::string("SELECT q.due_at, q.task_id ") + each_group +
                     "CROSS JOIN LATERAL (SELECT due_at, task_id FROM delivery_queue d WHERE d.destination_id = $1 "
                     "AND d.deferred = 1 AND d.priority = p.priority AND d.state = s.state AND d.due_at > $2 "
                     "ORDER BY d.due_at LIMIT $3) AS q "
                     "UNION ALL SELECT due_at, task_id FROM delivery_queue WHERE destination_id = $1 AND deferred = 0 "
                     "AND due_at > $2 ORDER BY 1"),
      take_(db,
            "UPDATE delivery_queue q SET owner_epoch = $2 FROM (SELECT d.task_id FROM delivery_queue d "
            "WHERE d.task_id = ANY($1) AND d.owner_epoch < $2 FOR UPDATE SKIP LOCKED) AS free "
            "WHERE q.task_id = free.task_id RETURNING q.task_id"),
      content_(db, "SELECT " + qualified(delivery_columns, "d") +
                       ", d.content, u.place FROM unnest($1, $2, $3) AS u (place, org, id) "
                       "JOIN deliveries d ON d.organization_id = u.org AND d.id = u.id") {}

result<claim_result> claim_writer::claim(destination_id id, std::uint64_t owner_epoch, utc_time now, milliseconds lookahead,
                                         std::uint32_t limit, const std::unordered_set<task_id>& held) {
  if (epochs_.is_fenced(id, owner_epoch)) return fail(error_code::fenced, "The destination has a newer owner.");
  const request asked{id, owner_epoch, now, now + lookahead, limit, held};
  auto found = candidates(asked);
  if (!found) return fail(found.error());
  claim_result answer;
  if (found->size() > limit) {
    const auto& behind = (*found)[limit];
    answer.more_due = behind.due_at <= now;
    answer.next_due = behind.due_at;
    found->resize(limit);
  }
  if (auto taken = take(asked, *found); !taken) return fail(taken.error());
  if (auto added = add_content(*found, answer); !added) return fail(added.error());
  if (answer.next_due) return answer;
  auto later = first_after(asked);
  if (!later) return fail(later.error());
  answer.next_due = *later;
  return answer;
}

/// All that may be taken and the one just behind, best first.
result<std::vector<task>> claim_writer::candidates(const request& asked) {
  // Those held are among the rows, so that many more have to be read.
  const auto most = static_cast<std::int64_t>(asked.limit + 1 + asked.held.size());
  on_time_.send(asked.destination, asked.until, asked.now, most);
  deferred_.send(asked.destination, asked.until, asked.now, most);
  auto answers = db_.collect();
  if (!answers) return fail(answers.error());
  std::vector<task> found;
  for (auto& answer : *answers)
    for (rows all(std::move(answer)); all.next();)
      if (asked.held.count(all.id<task_id>(0)) == 0) found.push_back(task_from(all, asked.destination));
  std::sort(found.begin(), found.end(), goes_before);
  if (found.size() > asked.limit + 1) found.resize(asked.limit + 1);
  return found;
}

result<void> claim_writer::take(const request& asked, std::vector<task>& all) {
  ids_.clear();
  for (const auto& one : all)
    if (one.owner_epoch != asked.owner_epoch) ids_.add(one.id);
  if (ids_.size() == 0) return {};
  auto found = take_.query(ids_, asked.owner_epoch);
  std::unordered_set<task_id> taken;
  while (found.next()) taken.insert(found.id<task_id>(0));
  if (found.failed()) return fail(found.failure());
  const auto not_got = [&](const task& one) { return one.owner_epoch != asked.owner_epoch && taken.count(one.id) == 0; };
  all.erase(std::remove_if(all.begin(), all.end(), not_got), all.end());
  for (auto& one : all) one.owner_epoch = asked.owner_epoch;
  return {};
}

result<void> claim_writer::add_content(const std::vector<task>& taken, claim_result& to) {
  if (taken.empty()) return {};
  places_.clear();
  organizations_.clear();
  ids_.clear();
  for (std::size_t i = 0; i < taken.size(); ++i) {
    places_.add(static_cast<std::int64_t>(i));
    organizations_.add(taken[i].organization);
    ids_.add(taken[i].delivery);
    to.tasks.push_back({taken[i], {}});
  }
  auto found = content_.query(places_, organizations_, ids_);
  while (found.next()) {
    auto whole = std::make_shared<delivery>(delivery_from(found));
    whole->content = found.text(delivery_column_count);
    to.tasks[found.number<std::size_t>(delivery_column_count + 1)].content = std::move(whole);
  }
  if (found.failed()) return fail(found.failure());
  for (const auto& one : to.tasks)
    if (!one.content) return fail(error_code::delivery_not_found, "There is no such delivery.");
  return {};
}

/// The earliest task past the look-ahead. One that is due from its creation is there only when the clock was set back.
result<std::optional<utc_time>> claim_writer::first_after(const request& asked) {
  auto found = later_.query(asked.destination, asked.until, asked.held.size() + 1);
  while (found.next())
    if (asked.held.count(found.id<task_id>(1)) == 0) return std::optional(found.time(0));
  if (found.failed()) return fail(found.failure());
  return std::optional<utc_time>{};
}

}  // namespace waybill::core::postgres
