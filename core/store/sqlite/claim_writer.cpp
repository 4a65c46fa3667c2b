// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/claim_writer.hpp"

#include <algorithm>
#include <tuple>

namespace waybill::core::sqlite {
namespace {

constexpr int highest_priority = 10;

constexpr const char* queue_columns =
    "task_id, delivery_id, organization_id, state, priority, attempts, total_attempts, created_at, due_at, deliver_by, "
    "owner_epoch";

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
  return t;
}

/// Best first: priority, then due time, then age.
bool goes_before(const task& a, const task& b) {
  return std::tie(b.priority, a.due_at, a.delivery, a.id) < std::tie(a.priority, b.due_at, b.delivery, b.id);
}

}  // namespace

claim_writer::claim_writer(database& db, const shard_epochs& epochs, delivery_reader& deliveries)
    : epochs_(epochs),
      deliveries_(deliveries),
      on_time_(db, std::string("SELECT ") + queue_columns +
                       " FROM delivery_queue WHERE destination_id = ?1 AND deferred = 0 AND due_at <= ?2 "
                       "ORDER BY priority DESC, delivery_id, task_id"),
      deferred_(db, std::string("SELECT ") + queue_columns +
                        " FROM delivery_queue INDEXED BY delivery_queue_deferred WHERE destination_id = ?1 AND deferred = 1 "
                        "AND priority = ?3 AND due_at <= ?2 ORDER BY due_at, delivery_id"),
      any_deferred_(db, "SELECT 1 FROM delivery_queue WHERE destination_id = ?1 AND deferred = 1 LIMIT 1"),
      later_(db,
             "SELECT due_at, task_id FROM delivery_queue INDEXED BY delivery_queue_deferred WHERE destination_id = ?1 "
             "AND deferred = 1 AND priority = ?3 AND due_at > ?2 ORDER BY due_at"),
      later_on_time_(db,
                     "SELECT due_at, task_id FROM delivery_queue "
                     "WHERE destination_id = ?1 AND deferred = 0 AND due_at > ?2 ORDER BY due_at"),
      take_(db,
            "UPDATE delivery_queue SET owner_epoch = ?1 WHERE destination_id = ?2 AND deferred = ?3 AND priority = ?4 "
            "AND delivery_id = ?5 AND task_id = ?6") {}

result<claim_result> claim_writer::claim(destination_id id, std::uint64_t owner_epoch, utc_time now, milliseconds lookahead,
                                         std::uint32_t limit, const std::unordered_set<task_id>& held) {
  if (epochs_.is_fenced(id, owner_epoch)) return fail(error_code::fenced, "The destination has a newer owner.");
  const request asked{id, owner_epoch, now, now + lookahead, std::size_t{limit} + 1, held};
  auto found = candidates(asked);
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
  auto later = first_after(asked);
  if (!later) return fail(later.error());
  answer.next_due = *later;
  return answer;
}

/// All that may be taken and those just behind, best first.
result<std::vector<claim_writer::candidate>> claim_writer::candidates(const request& asked) {
  std::vector<candidate> found;
  auto done = add_rows(on_time_.query(asked.destination, asked.until), asked, 0, asked.wanted, found);
  if (!done) return fail(done.error());
  auto any = has_deferred(asked);
  if (!any) return fail(any.error());
  for (int priority = highest_priority; *any && priority >= 0; --priority)
    if (auto added = add_deferred(asked, priority, found); !added) return fail(added.error());
  std::sort(found.begin(), found.end(), [](const candidate& a, const candidate& b) { return goes_before(a.state, b.state); });
  return found;
}

result<bool> claim_writer::has_deferred(const request& asked) {
  auto found = any_deferred_.query(asked.destination);
  const bool any = found.next();
  if (found.failed()) return fail(found.failure());
  return any;
}

/// Enough of one priority; a lower one matters only while the higher ones do not fill the answer.
result<void> claim_writer::add_deferred(const request& asked, int priority, std::vector<candidate>& to) {
  const auto at_least = [&](const candidate& c) { return c.state.priority > priority; };
  const auto better = static_cast<std::size_t>(std::count_if(to.begin(), to.end(), at_least));
  if (better >= asked.wanted) return {};
  return add_rows(deferred_.query(asked.destination, asked.until, priority), asked, 1, asked.wanted - better, to);
}

result<void> claim_writer::add_rows(rows found, const request& asked, int deferred, std::size_t most,
                                    std::vector<candidate>& to) {
  while (most > 0 && found.next()) {
    candidate one{task_from(found, asked.destination), deferred};
    if (asked.held.count(one.state.id) != 0) continue;
    to.push_back(one);
    --most;
  }
  if (found.failed()) return fail(found.failure());
  return {};
}

/// The earliest task past the look-ahead. One that is due from its creation is there only when the clock was set back; all
/// of those but the held ones have just been claimed, so that walk is short.
result<std::optional<utc_time>> claim_writer::first_after(const request& asked) {
  auto first = first_not_held(later_on_time_.query(asked.destination, asked.until), asked);
  const auto any = has_deferred(asked);
  if (!any) return fail(any.error());
  for (int priority = highest_priority; first && *any && priority >= 0; --priority) {
    auto later = first_not_held(later_.query(asked.destination, asked.until, priority), asked);
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
  auto done = take_.run(asked.owner_epoch, t.destination, one.deferred, t.priority, t.delivery, t.id);
  if (!done) return fail(done.error());
  t.owner_epoch = asked.owner_epoch;
  return {};
}

}  // namespace waybill::core::sqlite
