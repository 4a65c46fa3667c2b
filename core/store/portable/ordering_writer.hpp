// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/policy.hpp"
#include "core/store/order_records.hpp"

namespace waybill::core::portable {

enum class ordering_state : std::int8_t { may_go = 1, held, passed };

/// Keeps the order of ordering keys for the other writers: they move their rows and then let this settle the key. Asked for
/// keyed tasks only, so that tasks without a key pay nothing. Runs inside the writer's transaction.
///
/// What holds after settle(), for one destination and key, where a row's state is its column ordering_state:
///  1. Of the rows that may go or are held the one accepted first may go, the others are held (deferred = 2).
///  2. Unless a dead letter parks the key: then all that were accepted after it are held.
///  3. Rows that were passed wait for their retry and are in nobody's way.
///
/// `Engine` gives the types connection, statement, rows, shard_epochs and delivery_reader, and of SQL what engines spell each
/// in their way: `queue_by_key` and `parked_by_key`, the two tables as they are best found by destination and key, and
/// `failure_policy`, the policy of a destination d of an organization o.
/// Its body is in ordering_writer_body.hpp; each engine instantiates it once.
template <class Engine>
class ordering_writer {
public:
  using connection = typename Engine::connection;
  using statement = typename Engine::statement;
  using rows = typename Engine::rows;
  using shard_epochs = typename Engine::shard_epochs;
  using delivery_reader = typename Engine::delivery_reader;
  using state = ordering_state;

  ordering_writer(connection& db, const shard_epochs& epochs, delivery_reader& deliveries);

  /// Whether a task accepted now has to wait for an earlier one of its key.
  result<bool> must_wait(destination_id id, std::string_view key);
  /// The order of acceptance.
  result<std::int64_t> number_of(organization_id org, delivery_id delivery);
  result<ordering_failure> policy_of(destination_id id);
  /// Makes (1) to (3) true again after rows of the key came, went or changed.
  result<void> settle(destination_id id, std::string_view key);
  /// A task of the key became a dead letter and has left the queue: parks the key if that is the policy, and settles it.
  result<void> failed(const task& dead, std::string_view key);
  /// The dead letter, if it parked its key, no longer does (redriven, discarded, removed). Settles the key.
  result<void> unpark(destination_id id, task_id dead);
  /// The policy of a destination, or of all of an organization's, changed: what it no longer holds is let go, and retries
  /// that were passed are in the way again or the other way round.
  result<void> follow_policy(destination_id id);
  result<void> follow_policies(organization_id org);

  order_changes take() { return std::exchange(changes_, {}); }
  void forget();        ///< when a transaction begins or was rolled back
  void mark();          ///< at a savepoint
  void back_to_mark();  ///< after its rollback

private:
  struct entry {
    task what;
    int deferred = 0;
    std::int64_t number = 0;
  };

  result<std::vector<entry>> in_state(destination_id id, std::string_view key, state which, std::int64_t most);
  result<std::optional<std::int64_t>> parked_from(destination_id id, std::string_view key);
  result<void> release(const entry& one);
  result<void> hold(const entry& one);
  static result<std::vector<std::string>> keys_of(rows found);
  result<void> settle_all(destination_id id, const result<std::vector<std::string>>& keys);

  const shard_epochs& epochs_;
  delivery_reader& deliveries_;
  statement waits_;
  statement parks_;
  statement number_;
  statement policy_;
  statement in_state_;
  statement release_;
  statement hold_;
  statement park_;
  statement unpark_;
  statement unpark_all_;
  statement retries_;
  statement destinations_;
  order_changes changes_;
  std::size_t released_mark_ = 0, more_mark_ = 0, stepped_back_mark_ = 0;
};

}  // namespace waybill::core::portable
