// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <utility>

#include "core/store/portable/ordering_writer.hpp"

namespace waybill::core::portable {

/// A policy that changes may let go of any number of keys at once: beyond this their destinations claim the rest.
constexpr std::size_t most_released = 256;

namespace ordering_sql {

constexpr std::int64_t all_of_them = std::numeric_limits<std::int64_t>::max();
constexpr const char* where_key = " WHERE destination_id = $1 AND ordering_key = $2";

inline int deferred_when_free(const task& t) {
  return t.status == task_status::retrying || t.due_at != t.created_at || t.total_attempts > 0 ? 1 : 0;
}

}  // namespace ordering_sql

template <class Engine>
ordering_writer<Engine>::ordering_writer(connection& db, const shard_epochs& epochs, delivery_reader& deliveries)
    : epochs_(epochs),
      deliveries_(deliveries),
      waits_(db, std::string("SELECT 1 FROM ") + Engine::queue_by_key + ordering_sql::where_key +
                     " AND ordering_state IN (1, 2) LIMIT 1"),
      parks_(db, std::string("SELECT min(ordering_number) FROM ") + Engine::parked_by_key + ordering_sql::where_key),
      number_(db, "SELECT number FROM deliveries WHERE organization_id = $1 AND id = $2"),
      policy_(db,
              std::string("SELECT coalesce(") + Engine::failure_policy +
                  ", 'block') FROM delivery_destinations d JOIN organizations o ON o.id = d.organization_id WHERE d.id = $1"),
      in_state_(db,
                std::string("SELECT task_id, delivery_id, organization_id, state, priority, rank, attempts, "
                            "total_attempts, created_at, due_at, deliver_by, owner_epoch, deferred, ordering_number FROM ") +
                    Engine::queue_by_key + ordering_sql::where_key +
                    " AND ordering_state = $3 ORDER BY ordering_number LIMIT $4"),
      release_(db,
               "UPDATE delivery_queue SET ordering_state = 1, deferred = $1, owner_epoch = $2 WHERE destination_id = $3 "
               "AND deferred = 2 AND rank = $4 AND delivery_id = $5 AND task_id = $6"),
      hold_(db,
            "UPDATE delivery_queue SET ordering_state = 2, deferred = 2 WHERE destination_id = $1 AND deferred = $2 "
            "AND rank = $3 AND delivery_id = $4 AND task_id = $5"),
      park_(db,
            "INSERT INTO parked_keys (destination_id, task_id, delivery_id, organization_id, ordering_key, ordering_number) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (destination_id, task_id) DO NOTHING"),
      unpark_(db, "DELETE FROM parked_keys WHERE destination_id = $1 AND task_id = $2 RETURNING ordering_key"),
      unpark_all_(db, "DELETE FROM parked_keys WHERE destination_id = $1 RETURNING ordering_key"),
      retries_(db,
               "UPDATE delivery_queue SET ordering_state = $1 WHERE destination_id = $2 AND deferred = 1 "
               "AND ordering_key IS NOT NULL AND ordering_state = $3 AND state = 2 RETURNING ordering_key"),
      destinations_(db, "SELECT id FROM delivery_destinations WHERE organization_id = $1") {}

template <class Engine>
result<bool> ordering_writer<Engine>::must_wait(destination_id id, std::string_view key) {
  {
    auto found = waits_.query(id, key);
    if (found.next()) return true;
    if (found.failed()) return fail(found.failure());
  }
  auto parked = parked_from(id, key);
  if (!parked) return fail(parked.error());
  return parked->has_value();
}

template <class Engine>
result<std::int64_t> ordering_writer<Engine>::number_of(organization_id org, delivery_id delivery) {
  auto found = number_.query(org, delivery);
  if (found.next()) return found.integer(0);
  if (found.failed()) return fail(found.failure());
  return fail(error_code::internal_error, "a task of an ordering key has no delivery");
}

template <class Engine>
result<ordering_failure> ordering_writer<Engine>::policy_of(destination_id id) {
  auto found = policy_.query(id);
  if (found.next()) return ordering_failure_from(found.bytes(0)).value_or(ordering_failure::block);
  if (found.failed()) return fail(found.failure());
  return ordering_failure::block;
}

template <class Engine>
result<void> ordering_writer<Engine>::settle(destination_id id, std::string_view key) {
  auto free = in_state(id, key, state::may_go, ordering_sql::all_of_them);
  if (!free) return fail(free.error());
  auto held = in_state(id, key, state::held, 1);
  if (!held) return fail(held.error());
  const auto parked = parked_from(id, key);
  if (!parked) return fail(parked.error());
  // By (1) and (2): the one that goes, if any does.
  const entry* first = free->empty() ? nullptr : &free->front();
  if (!held->empty() && (first == nullptr || held->front().number < first->number)) first = &held->front();
  if (first != nullptr && *parked && **parked < first->number) first = nullptr;
  for (const auto& one : *free)
    if (&one != first)
      if (auto done = hold(one); !done) return done;
  if (first == nullptr || held->empty() || first != &held->front()) return {};
  return release(*first);
}

template <class Engine>
result<void> ordering_writer<Engine>::failed(const task& dead, std::string_view key) {
  const auto policy = policy_of(dead.destination);
  if (!policy) return fail(policy.error());
  if (*policy == ordering_failure::park) {
    const auto number = number_of(dead.organization, dead.delivery);
    if (!number) return fail(number.error());
    auto parked = park_.run(dead.destination, dead.id, dead.delivery, dead.organization, key, *number);
    if (!parked) return fail(parked.error());
  }
  return settle(dead.destination, key);
}

template <class Engine>
result<void> ordering_writer<Engine>::unpark(destination_id id, task_id dead) {
  return settle_all(id, keys_of(unpark_.query(id, dead)));
}

template <class Engine>
result<void> ordering_writer<Engine>::follow_policy(destination_id id) {
  const auto policy = policy_of(id);
  if (!policy) return fail(policy.error());
  if (*policy != ordering_failure::park)
    if (auto done = settle_all(id, keys_of(unpark_all_.query(id))); !done) return done;
  const bool skips = *policy == ordering_failure::skip;
  const auto from = skips ? state::may_go : state::passed, to = skips ? state::passed : state::may_go;
  return settle_all(id, keys_of(retries_.query(to, id, from)));
}

template <class Engine>
result<void> ordering_writer<Engine>::follow_policies(organization_id org) {
  std::vector<destination_id> all;
  auto found = destinations_.query(org);
  while (found.next()) all.push_back(found.template id<destination_id>(0));
  if (found.failed()) return fail(found.failure());
  for (const auto& id : all)
    if (auto done = follow_policy(id); !done) return done;
  return {};
}

template <class Engine>
void ordering_writer<Engine>::forget() {
  changes_ = {};
  mark();
}

template <class Engine>
void ordering_writer<Engine>::mark() {
  released_mark_ = changes_.released.size();
  more_mark_ = changes_.more.size();
  stepped_back_mark_ = changes_.stepped_back.size();
}

template <class Engine>
void ordering_writer<Engine>::back_to_mark() {
  changes_.released.resize(released_mark_);
  changes_.more.resize(more_mark_);
  changes_.stepped_back.resize(stepped_back_mark_);
}

template <class Engine>
result<std::vector<typename ordering_writer<Engine>::entry>> ordering_writer<Engine>::in_state(destination_id id,
                                                                                               std::string_view key,
                                                                                               state which, std::int64_t most) {
  std::vector<entry> all;
  auto found = in_state_.query(id, key, which, most);
  while (found.next()) {
    entry one;
    auto& t = one.what;
    t.destination = id;
    t.id = found.template id<task_id>(0);
    t.delivery = found.template id<delivery_id>(1);
    t.organization = found.template id<organization_id>(2);
    t.status = found.template number<task_status>(3);
    t.priority = found.template number<std::uint8_t>(4);
    t.rank = found.integer(5);
    t.attempts = found.template number<std::uint32_t>(6);
    t.total_attempts = found.template number<std::uint32_t>(7);
    t.created_at = found.time(8);
    t.due_at = found.time(9);
    t.deliver_by = found.maybe_time(10);
    t.owner_epoch = found.template number<std::uint64_t>(11);
    one.deferred = found.template number<int>(12);
    one.number = found.integer(13);
    all.push_back(one);
  }
  if (found.failed()) return fail(found.failure());
  return all;
}

/// Nothing: no dead letter parks the key.
template <class Engine>
result<std::optional<std::int64_t>> ordering_writer<Engine>::parked_from(destination_id id, std::string_view key) {
  auto found = parks_.query(id, key);
  if (!found.next()) return fail(found.failure());
  if (found.is_null(0)) return std::optional<std::int64_t>{};
  return std::optional(found.integer(0));
}

template <class Engine>
result<void> ordering_writer<Engine>::release(const entry& one) {
  auto t = one.what;
  t.owner_epoch = epochs_.of(t.destination);
  auto done = release_.run(ordering_sql::deferred_when_free(t), t.owner_epoch, t.destination, t.rank, t.delivery, t.id);
  if (!done) return fail(done.error());
  if (changes_.released.size() >= most_released) {
    auto& more = changes_.more;
    if (more.empty() || more.back() != t.destination) more.push_back(t.destination);
    return {};
  }
  auto content = deliveries_.content(t.organization, t.delivery);
  if (!content) return fail(content.error());
  changes_.released.push_back({t, std::move(*content)});
  return {};
}

template <class Engine>
result<void> ordering_writer<Engine>::hold(const entry& one) {
  const auto& t = one.what;
  auto done = hold_.run(t.destination, one.deferred, t.rank, t.delivery, t.id);
  if (!done) return fail(done.error());
  changes_.stepped_back.push_back(t);
  return {};
}

template <class Engine>
result<std::vector<std::string>> ordering_writer<Engine>::keys_of(rows found) {
  std::vector<std::string> keys;
  while (found.next()) keys.push_back(found.text(0));
  if (found.failed()) return fail(found.failure());
  return keys;
}

template <class Engine>
result<void> ordering_writer<Engine>::settle_all(destination_id id, const result<std::vector<std::string>>& keys) {
  if (!keys) return fail(keys.error());
  for (const auto& key : *keys)
    if (auto done = settle(id, key); !done) return done;
  return {};
}

}  // namespace waybill::core::portable
