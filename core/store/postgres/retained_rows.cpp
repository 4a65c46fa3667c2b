// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/retained_rows.hpp"

#include <array>
#include <unordered_set>
#include <utility>

namespace waybill::core::postgres {

retained_rows::retained_rows(connection& db, delivery_reader& deliveries, task_reader& tasks)
    : db_(db),
      deliveries_(deliveries),
      tasks_(tasks),
      dead_(db,
            "SELECT l.task_id FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS t (destination_id, delivery_id, task_id) "
            "JOIN delivery_logs l USING (destination_id, delivery_id, task_id) "
            "WHERE l.status = 5 AND l.discarded_at IS NULL"),
      dead_letters_(db,
                    "SELECT delivery_id, task_id FROM delivery_logs WHERE organization_id = $1 AND task_id > $2 "
                    "AND task_id < $3 AND status = 5 AND discarded_at IS NULL AND finished_at < $4 ORDER BY task_id LIMIT $5"),
      clear_records_(db,
                     "UPDATE delivery_attempts SET request = NULL, response = NULL WHERE task_id = ANY ($1) "
                     "AND (request IS NOT NULL OR response IS NOT NULL)"),
      drop_early_attempts_(db,
                           "DELETE FROM delivery_attempts a WHERE a.task_id = ANY ($1) AND a.number < "
                           "(SELECT max(b.number) FROM delivery_attempts b WHERE b.task_id = a.task_id)"),
      drop_content_(db,
                    "UPDATE deliveries SET content = '', payload_id = NULL WHERE organization_id = $1 AND id = ANY ($2) "
                    "AND size > 0"),
      drop_attempts_(db, "DELETE FROM delivery_attempts WHERE task_id = ANY ($1)"),
      drop_logs_(db,
                 "DELETE FROM delivery_logs l USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) "
                 "AS t (destination_id, delivery_id, task_id) WHERE l.destination_id = t.destination_id "
                 "AND l.delivery_id = t.delivery_id AND l.task_id = t.task_id"),
      drop_tags_(db,
                 "DELETE FROM delivery_tags g USING unnest($2::text[], $3::uuid[]) AS t (tag, delivery_id) "
                 "WHERE g.organization_id = $1 AND g.tag = t.tag AND g.delivery_id = t.delivery_id"),
      drop_keys_(db,
                 "DELETE FROM idempotency_keys k USING unnest($2::text[], $3::uuid[]) AS t (key, delivery_id) "
                 "WHERE k.organization_id = $1 AND k.route = 'POST /v1/deliveries' AND k.key = t.key "
                 "AND k.delivery_id = t.delivery_id"),
      drop_accesses_(db,
                     "DELETE FROM download_accesses a USING download_links k WHERE a.organization_id = $1 "
                     "AND a.link_id = k.id AND k.organization_id = $1 AND k.delivery_id = ANY ($2)"),
      drop_links_(db, "DELETE FROM download_links WHERE organization_id = $1 AND delivery_id = ANY ($2)"),
      drop_kept_(db,
                 "DELETE FROM retention_kept WHERE organization_id = $1 AND stage = ANY ('{1,2,3,4,5}'::smallint[]) "
                 "AND delivery_id = ANY ($2)"),
      drop_deliveries_(db, "DELETE FROM deliveries WHERE organization_id = $1 AND id = ANY ($2)") {}

result<std::vector<retained_delivery>> retained_rows::load(organization_id org, const std::vector<delivery_id>& ids) {
  std::vector<retained_delivery> all;
  auto heads = deliveries_.heads(org, ids);
  if (!heads) return fail(heads.error());
  if (heads->empty()) return all;
  auto tasks = tasks_.find_all(*heads);
  if (!tasks) return fail(tasks.error());
  for (std::size_t i = 0; i < heads->size(); ++i) {
    retained_delivery d;
    d.head = std::move((*heads)[i]);
    for (auto& one : (*tasks)[i]) d.tasks.push_back({one, false});
    all.push_back(std::move(d));
  }
  if (auto marked = mark_dead(all); !marked) return fail(marked.error());
  return all;
}

result<void> retained_rows::mark_dead(std::vector<retained_delivery>& among) {
  task_ids_.clear();
  task_deliveries_.clear();
  task_destinations_.clear();
  for (const auto& d : among)
    for (const auto& t : d.tasks) {
      if (t.state.status != task_status::failed) continue;
      task_ids_.add(t.state.key.task);
      task_deliveries_.add(t.state.key.delivery);
      task_destinations_.add(t.state.key.destination);
    }
  if (task_ids_.size() == 0) return {};
  auto found = dead_.query(task_destinations_, task_deliveries_, task_ids_);
  std::unordered_set<task_id> dead;
  while (found.next()) dead.insert(found.id<task_id>(0));
  if (found.failed()) return fail(found.failure());
  for (auto& d : among)
    for (auto& t : d.tasks) t.dead_letter = dead.count(t.state.key.task) != 0;
  return {};
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

void retained_rows::name(const std::vector<retained_delivery>& some) {
  for (auto* column :
       {&ids_, &task_ids_, &task_deliveries_, &task_destinations_, &tags_, &tag_deliveries_, &keys_, &key_deliveries_})
    column->clear();
  for (const auto& d : some) {
    const auto& content = d.head.content;
    ids_.add(content.id);
    for (const auto& [task, destination] : d.head.targets) {
      task_ids_.add(task);
      task_deliveries_.add(content.id);
      task_destinations_.add(destination);
    }
    for (const auto& tag : content.tags) {
      tags_.add_text(tag);
      tag_deliveries_.add(content.id);
    }
    if (content.idempotency_key.empty()) continue;
    keys_.add_text(content.idempotency_key);
    key_deliveries_.add(content.id);
  }
}

result<std::uint64_t> retained_rows::apply(retention_stage stage, const std::vector<retained_delivery>& some) {
  if (some.empty()) return 0;
  if (stage == retention_stage::deliveries) {
    row_counts removed;
    if (auto done = remove(some, removed); !done) return fail(done.error());
    std::uint64_t sum = 0;
    for (const auto& [table, rows] : removed) sum += rows;
    return sum;
  }
  name(some);
  const auto org = some.front().head.content.organization;
  auto changed = stage == retention_stage::payloads   ? drop_content_.run(org, ids_)
                 : stage == retention_stage::attempts ? drop_early_attempts_.run(task_ids_)
                                                      : clear_records_.run(task_ids_);
  if (!changed) return fail(changed.error());
  return static_cast<std::uint64_t>(*changed);
}

result<void> retained_rows::remove(const std::vector<retained_delivery>& some, row_counts& removed) {
  if (some.empty()) return {};
  name(some);
  const auto org = some.front().head.content.organization;
  drop_attempts_.send(task_ids_);
  drop_logs_.send(task_destinations_, task_deliveries_, task_ids_);
  drop_tags_.send(org, tags_, tag_deliveries_);
  drop_keys_.send(org, keys_, key_deliveries_);
  drop_accesses_.send(org, ids_);
  drop_links_.send(org, ids_);
  drop_deliveries_.send(org, ids_);
  drop_kept_.send(org, ids_);
  auto answers = db_.collect();
  if (!answers) return fail(answers.error());
  constexpr std::array<const char*, 7> tables{"delivery_attempts", "delivery_logs",  "delivery_tags", "idempotency_keys",
                                              "download_accesses", "download_links", "deliveries"};
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (const auto count = rows(std::move((*answers)[i])).changed(); count > 0)
      removed[tables[i]] += static_cast<std::uint64_t>(count);
  return {};
}

}  // namespace waybill::core::postgres
