// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/store/backlog_store.hpp"
#include "core/store/queue_listener.hpp"

namespace waybill::core {

/// How many tasks wait, by organization and destination, counted in memory so that neither a limit nor a figure ever costs a
/// walk through the queue. It begins with what the store holds and moves with every commit; now and then it is compared with
/// the store, which is the truth. Also admits new deliveries: what was admitted and is not yet committed counts as waiting,
/// so a limit is never overrun, however many requests come at once.
///
/// What always holds:
///  1. The counts of the node are the sums of the organizations', theirs the sums of the destinations'; none is negative.
///  2. Commits are told in their order (by the store writer's thread), so a comparison can tell a count that moved since the
///     store was read from one that is wrong.
/// Thread-safe.
class queue_ledger final : public queue_listener {
public:
  struct depth {
    std::uint64_t pending = 0;
    std::uint64_t retrying = 0;
    std::uint64_t parked = 0;
    [[nodiscard]] std::uint64_t total() const { return pending + retrying + parked; }
  };
  struct organization_depth {
    organization_id organization;
    depth waiting;
    std::uint64_t limit = 0;  ///< 0: none of its own
  };
  enum class verdict : std::uint8_t { admitted = 1, engine_full, organization_full };

  /// `most`: of the node. `most_of_organization`: of one that has no limit of its own; 0: none.
  queue_ledger(std::uint64_t most, std::uint64_t most_of_organization)
      : most_(most), most_of_organization_(most_of_organization) {}

  /// 0: the node's setting holds.
  void set_limit(organization_id org, std::uint64_t most);
  /// Takes `tasks` places in the queue, all or none; to be given back when they are committed or will not be.
  [[nodiscard]] verdict admit(organization_id org, std::uint64_t tasks);
  void give_back(organization_id org, std::uint64_t tasks);

  void added(const std::vector<task>& tasks) override;
  /// An attempt was recorded: from `before` to `after`.
  void moved(const task& before, task_status after) override;
  void removed(const std::vector<task>& tasks);
  void set_parked(organization_id org, destination_id id, bool parked);
  /// The destination was deleted, and with it what waited for it.
  void forget(destination_id id);

  [[nodiscard]] depth whole() const;
  [[nodiscard]] depth of(organization_id org) const;
  [[nodiscard]] depth of(destination_id id) const;
  /// Those with most waiting first.
  [[nodiscard]] std::vector<organization_depth> by_organization(std::size_t most) const;
  [[nodiscard]] std::uint64_t limit() const { return most_; }
  [[nodiscard]] std::uint64_t limit_of(organization_id org) const;

  /// A mark before the store is read.
  [[nodiscard]] std::uint64_t mark() const;
  /// Corrects what has not moved since `mark` by what the store held then; to be called on the store writer's thread, behind
  /// everything that was committed when the store was read. Returns by how many tasks it was wrong.
  std::uint64_t compare(std::uint64_t mark, const std::vector<destination_backlog>& stored);

private:
  struct counts {
    std::int64_t pending = 0;
    std::int64_t retrying = 0;
    std::int64_t parked = 0;
    [[nodiscard]] std::int64_t total() const { return pending + retrying + parked; }
    [[nodiscard]] depth shown() const;
  };
  struct organization {
    counts waiting;
    std::uint64_t admitted = 0;
    std::uint64_t limit = 0;
  };
  struct destination {
    organization_id owner;
    std::int64_t pending = 0;
    std::int64_t retrying = 0;
    bool parked = false;
    std::uint64_t moved = 0;
  };
  using destinations = std::unordered_map<destination_id, destination>;

  destination& entry_of(organization_id org, destination_id id);
  void change(destination& d, std::int64_t pending, std::int64_t retrying);
  void change_by_state(const task& t, std::int64_t by);
  void add_to_sums(const destination& d, std::int64_t pending, std::int64_t retrying);
  void park(destination& d, bool parked);
  [[nodiscard]] std::uint64_t effective_limit(const organization& o) const;
  std::uint64_t set_counts(destination& d, std::int64_t pending, std::int64_t retrying);

  const std::uint64_t most_;
  const std::uint64_t most_of_organization_;
  mutable std::mutex mutex_;
  counts all_;
  std::uint64_t admitted_ = 0;
  std::unordered_map<organization_id, organization> organizations_;
  destinations destinations_;  ///< with something waiting, or parked
  std::uint64_t moves_ = 0;
};

}  // namespace waybill::core
