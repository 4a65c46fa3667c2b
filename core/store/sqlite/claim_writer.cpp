// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/claim_writer.hpp"

#include <algorithm>

#include "core/queue/task_rank.hpp"

namespace waybill::core::sqlite {
namespace {

constexpr int above_every_priority = 11;

constexpr const char* queue_columns =
    "task_id, delivery_id, organization_id, state, priority, attempts, total_attempts, created_at, due_at, deliver_by, "
    "owner_epoch, rank";
// What is past its time is nobody's to try: it becomes a dead letter (order_store.hpp, expire).
constexpr const char* in_time = " AND (deliver_by IS NULL OR deliver_by > ?3) ";
constexpr const char* from_deferred =
    " FROM delivery_queue INDEXED BY delivery_queue_deferred WHERE destination_id = ?1 AND deferred = 1 ";

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

claim_writer::claim_writer(database& db, const shard_epochs& epochs, delivery_reader& deliveries)
    : epochs_(epochs),
      deliveries_(deliveries),
      on_time_(db, std::string("SELECT ") + queue_columns +
                       " FROM delivery_queue WHERE destination_id = ?1 AND deferred = 0 AND due_at <= ?2" + in_time +
                       "ORDER BY rank, delivery_id, task_id"),
      deferred_(db, std::string("SELECT ") + queue_columns + from_deferred +
                        "AND priority = ?4 AND state = ?5 AND due_at <= ?2" + in_time + "ORDER BY due_at, delivery_id"),
      next_priority_(db, std::string("SELECT priority") + from_deferred + "AND priority < ?2 ORDER BY priority DESC LIMIT 1"),
      later_(db, std::string("SELECT due_at, task_id") + from_deferred +
                     "AND priority = ?3 AND state = ?4 AND due_at > ?2 ORDER BY due_at"),
      later_on_time_(db,
                     "SELECT due_at, task_id FROM delivery_queue "
                     "WHERE destination_id = ?1 AND deferred = 0 AND due_at > ?2 ORDER BY due_at"),
      take_(db,
            "UPDATE delivery_queue SET owner_epoch = ?1 WHERE destination_id = ?2 AND deferred = ?3 AND rank = ?4 "
            "AND delivery_id = ?5 AND task_id = ?6") {}

result<claim_result> claim_writer::claim(destination_id id, std::uint64_t owner_epoch, utc_time now, milliseconds lookahead,
                                         std::uint32_t limit, const std::unordered_set<task_id>& held) {
  if (epochs_.is_fenced(id, owner_epoch)) return fail(error_code::fenced, "The destination has a newer owner.");
  const request asked{id, owner_epoch, now, now + lookahead, std::size_t{limit} + 1, held};
  const auto deferred = deferred_groups(id);
  if (!deferred) return fail(deferred.error());
  auto found = candidates(asked, *deferred);
  if (!found) return fail(found.error());
  claim_result answer;
  for (auto& one : *found) {
    if (answer.tasks.size() == limit) {
      answer.more_due = answer.more_due || one.state.due_at <= now;
      answer.next_due = answer.next_due ? std::min(*answer.next_due, one.state.due_at) : one.state.due_at;
      continue;
    }
    if (auto taken = take(asked, one); !taken) return fail(taken.error());
    auto content = deliveries_.content(one.state.organization, one.state.delivery);
    if (!content) return fail(content.error());
    answer.tasks.push_back({one.state, std::move(*content)});
  }
  if (answer.next_due) return answer;
  auto later = first_after(asked, *deferred);
  if (!later) return fail(later.error());
  answer.next_due = *later;
  return answer;
}

/// All that may be taken and those just behind, best first.
result<std::vector<claim_writer::candidate>> claim_writer::candidates(const request& asked,
                                                                      const std::vector<group>& deferred) {
  std::vector<candidate> found;
  auto done = add_rows(on_time_.query(asked.destination, asked.until, asked.now), asked, 0, found);
  if (!done) return fail(done.error());
  for (const auto& one : deferred) {
    auto added = add_rows(deferred_.query(asked.destination, asked.until, asked.now, one.priority, one.state), asked, 1, found);
    if (!added) return fail(added.error());
  }
  return found;
}

/// The deferred rows by priority and state: within each they are in the order of their turns.
result<std::vector<claim_writer::group>> claim_writer::deferred_groups(destination_id id) {
  std::vector<group> groups;
  for (int priority = above_every_priority;;) {
    auto found = next_priority_.query(id, priority);
    if (!found.next()) {
      if (found.failed()) return fail(found.failure());
      return groups;
    }
    priority = found.number<int>(0);
    groups.push_back({priority, task_status::pending});
    groups.push_back({priority, task_status::retrying});
  }
}

/// Merges rows that come in their order into the best of `to`, until they are no better than those.
result<void> claim_writer::add_rows(rows found, const request& asked, int deferred, std::vector<candidate>& to) {
  const auto better = [](const candidate& a, const candidate& b) { return goes_before(a.state, b.state); };
  const bool full = to.size() == asked.wanted;
  for (std::size_t added = 0; added < asked.wanted && found.next();) {
    candidate one{task_from(found, asked.destination), deferred};
    if (asked.held.count(one.state.id) != 0) continue;
    // Exact as long as all ranks were made with one ageing step; soon after a change of the step it is near enough.
    if (full && !better(one, to[asked.wanted - 1])) break;
    to.push_back(one);
    ++added;
  }
  if (found.failed()) return fail(found.failure());
  std::sort(to.begin(), to.end(), better);
  if (to.size() > asked.wanted) to.resize(asked.wanted);
  return {};
}

/// The earliest task past the look-ahead. One that is due from its creation is there only when the clock was set back; all
/// of those but the held ones have just been claimed, so that walk is short.
result<std::optional<utc_time>> claim_writer::first_after(const request& asked, const std::vector<group>& deferred) {
  auto first = first_not_held(later_on_time_.query(asked.destination, asked.until), asked);
  for (const auto& one : deferred) {
    if (!first) return first;
    auto later = first_not_held(later_.query(asked.destination, asked.until, one.priority, one.state), asked);
    if (!later || !*first || (*later && **later < **first)) first = later;
  }
  return first;
}

result<std::optional<utc_time>> claim_writer::first_not_held(rows found, const request& asked) {
  while (found.next())
    if (asked.held.count(found.id<task_id>(1)) == 0) return std::optional(found.time(0));
  if (found.failed()) return fail(found.failure());
  return std::optional<utc_time>{};
}

result<void> claim_writer::take(const request& asked, candidate& one) {
  auto& t = one.state;
  if (t.owner_epoch == asked.owner_epoch) return {};
  auto done = take_.run(asked.owner_epoch, t.destination, one.deferred, t.rank, t.delivery, t.id);
  if (!done) return fail(done.error());
  t.owner_epoch = asked.owner_epoch;
  return {};
}

}  // namespace waybill::core::sqlite
