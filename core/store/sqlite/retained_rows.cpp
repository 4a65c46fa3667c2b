// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/retained_rows.hpp"

namespace waybill::core::sqlite {
namespace {

result<void> count(const result<std::int64_t>& done, const char* table, row_counts& removed) {
  if (!done) return fail(done.error());
  if (*done > 0) removed[table] += static_cast<std::uint64_t>(*done);
  return {};
}

}  // namespace

retained_rows::retained_rows(database& db, delivery_reader& deliveries, task_reader& tasks)
    : deliveries_(deliveries),
      tasks_(tasks),
      dead_(db,
            "SELECT 1 FROM delivery_logs WHERE destination_id = ?1 AND delivery_id = ?2 AND task_id = ?3 AND status = 5 "
            "AND discarded_at IS NULL"),
      dead_letters_(db,
                    "SELECT delivery_id, task_id FROM delivery_logs INDEXED BY delivery_logs_dead WHERE organization_id = ?1 "
                    "AND task_id > ?2 AND task_id < ?3 AND status = 5 AND discarded_at IS NULL AND finished_at < ?4 "
                    "ORDER BY task_id LIMIT ?5"),
      previous_(db, "SELECT previous FROM delivery_attempts WHERE row = ?1"),
      clear_record_(db,
                    "UPDATE delivery_attempts SET request = NULL, response = NULL WHERE row = ?1 "
                    "AND (request IS NOT NULL OR response IS NOT NULL)"),
      drop_attempt_(db, "DELETE FROM delivery_attempts WHERE row = ?1"),
      cut_chain_(db, "UPDATE delivery_attempts SET previous = NULL WHERE row = ?1"),
      drop_content_(db, "UPDATE deliveries SET content = x'', payload_id = NULL WHERE organization_id = ?1 AND id = ?2"),
      drop_tag_(db, "DELETE FROM delivery_tags WHERE organization_id = ?1 AND tag = ?2 AND delivery_id = ?3"),
      drop_key_(db,
                "DELETE FROM idempotency_keys WHERE organization_id = ?1 AND route = 'POST /v1/deliveries' AND key = ?2 "
                "AND delivery_id = ?3"),
      drop_accesses_(db,
                     "DELETE FROM download_accesses WHERE organization_id = ?1 AND link_id IN "
                     "(SELECT id FROM download_links WHERE organization_id = ?1 AND delivery_id = ?2)"),
      drop_links_(db, "DELETE FROM download_links WHERE organization_id = ?1 AND delivery_id = ?2"),
      drop_log_(db, "DELETE FROM delivery_logs WHERE destination_id = ?1 AND delivery_id = ?2 AND task_id = ?3"),
      drop_kept_(db, "DELETE FROM retention_kept WHERE organization_id = ?1 AND stage IN (1, 2, 3, 4, 5) AND delivery_id = ?2"),
      drop_delivery_(db, "DELETE FROM deliveries WHERE organization_id = ?1 AND id = ?2") {}

result<std::vector<retained_delivery>> retained_rows::load(organization_id org, const std::vector<delivery_id>& ids) {
  std::vector<retained_delivery> all;
  for (const auto& id : ids) {
    auto head = deliveries_.head(org, id);
    if (!head) return fail(head.error());
    if (!*head) continue;
    retained_delivery d;
    d.head = std::move(**head);
    auto tasks = tasks_.find_all(d.head);
    if (!tasks) return fail(tasks.error());
    for (const auto& one : *tasks) {
      auto dead = is_dead(one);
      if (!dead) return fail(dead.error());
      d.tasks.push_back({one, *dead});
    }
    all.push_back(std::move(d));
  }
  return all;
}

result<bool> retained_rows::is_dead(const stored_task& failed) {
  if (failed.status != task_status::failed) return false;
  auto found = dead_.query(failed.key.destination, failed.key.delivery, failed.key.task);
  const bool dead = found.next();
  if (found.failed()) return fail(found.failure());
  return dead;
}

/// A task cannot have failed before it was made, so those made since the range's time need not be looked at.
result<retention_candidates> retained_rows::dead_letters(const retention_range& range, std::uint32_t limit) {
  retention_candidates some;
  const auto end = first_id_at(to_unix_ms(range.finished_before));
  auto found = dead_letters_.query(range.organization, range.after, end, range.finished_before, limit);
  std::uint32_t read = 0;
  for (; found.next(); ++read) {
    const auto id = found.id<delivery_id>(0);
    if (some.ids.empty() || some.ids.back() != id) some.ids.push_back(id);
    some.next = found.id<task_id>(1).bytes();
  }
  if (found.failed()) return fail(found.failure());
  some.more = read == limit;
  return some;
}

result<std::uint64_t> retained_rows::apply(retention_stage stage, const std::vector<retained_delivery>& some) {
  if (stage == retention_stage::deliveries) {
    row_counts removed;
    if (auto done = remove(some, removed); !done) return fail(done.error());
    std::uint64_t sum = 0;
    for (const auto& [table, rows] : removed) sum += rows;
    return sum;
  }
  std::uint64_t changed = 0;
  const auto add = [&](const result<std::uint64_t>& rows) {
    if (rows) changed += *rows;
    return rows.has_value();
  };
  for (const auto& d : some) {
    if (stage == retention_stage::payloads) {
      if (auto rows = drop_content(d.head); !add(rows)) return rows;
      continue;
    }
    for (const auto& t : d.tasks) {
      const auto last = t.state.last_attempt;
      auto rows = stage == retention_stage::attempt_records ? clear_records(last) : drop_all_but_last(last);
      if (!add(rows)) return rows;
    }
  }
  return changed;
}

result<std::uint64_t> retained_rows::clear_records(std::int64_t row) {
  std::uint64_t cleared = 0;
  while (row != 0) {
    auto done = clear_record_.run(row);
    if (!done) return fail(done.error());
    cleared += static_cast<std::uint64_t>(*done);
    auto found = previous_.query(row);
    if (!found.next()) {
      if (found.failed()) return fail(found.failure());
      break;
    }
    row = found.integer(0);
  }
  return cleared;
}

result<std::uint64_t> retained_rows::drop_attempts(std::int64_t row) {
  std::uint64_t dropped = 0;
  while (row != 0) {
    const auto current = row;
    {
      auto found = previous_.query(current);
      const bool there = found.next();
      if (found.failed()) return fail(found.failure());
      if (!there) break;
      row = found.integer(0);
    }
    if (auto done = drop_attempt_.run(current); !done) return fail(done.error());
    ++dropped;
  }
  return dropped;
}

result<std::uint64_t> retained_rows::drop_all_but_last(std::int64_t last) {
  if (last == 0) return 0;
  std::int64_t before = 0;
  {
    auto found = previous_.query(last);
    if (found.next()) before = found.integer(0);
    if (found.failed()) return fail(found.failure());
  }
  if (before == 0) return 0;
  auto dropped = drop_attempts(before);
  if (!dropped) return dropped;
  if (auto cut = cut_chain_.run(last); !cut) return fail(cut.error());
  return dropped;
}

result<std::uint64_t> retained_rows::drop_content(const delivery_head& of) {
  if (of.size == 0) return 0;
  auto done = drop_content_.run(of.content.organization, of.content.id);
  if (!done) return fail(done.error());
  return static_cast<std::uint64_t>(*done);
}

result<void> retained_rows::remove(const std::vector<retained_delivery>& some, row_counts& removed) {
  for (const auto& d : some)
    if (auto done = remove_one(d, removed); !done) return done;
  return {};
}

result<void> retained_rows::remove_one(const retained_delivery& d, row_counts& removed) {
  const auto org = d.head.content.organization;
  const auto id = d.head.content.id;
  for (const auto& t : d.tasks) {
    auto attempts = drop_attempts(t.state.last_attempt);
    if (!attempts) return fail(attempts.error());
    if (*attempts > 0) removed["delivery_attempts"] += *attempts;
  }
  for (const auto& [task, destination] : d.head.targets)
    if (auto done = count(drop_log_.run(destination, id, task), "delivery_logs", removed); !done) return done;
  for (const auto& tag : d.head.content.tags)
    if (auto done = count(drop_tag_.run(org, tag, id), "delivery_tags", removed); !done) return done;
  const auto& key = d.head.content.idempotency_key;
  if (!key.empty())
    if (auto done = count(drop_key_.run(org, key, id), "idempotency_keys", removed); !done) return done;
  if (auto done = count(drop_accesses_.run(org, id), "download_accesses", removed); !done) return done;
  if (auto done = count(drop_links_.run(org, id), "download_links", removed); !done) return done;
  if (auto done = drop_kept_.run(org, id); !done) return fail(done.error());
  return count(drop_delivery_.run(org, id), "deliveries", removed);
}

}  // namespace waybill::core::sqlite
