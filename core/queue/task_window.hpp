// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/queue/ordering_gate.hpp"
#include "core/queue/window_budget.hpp"
#include "core/store/records.hpp"

namespace waybill::core {

/// The bounded part of a destination's queue that is held in memory. The store has every waiting task; the window has the
/// next ones, plus the ids of those being tried or recorded, so that a claim does not bring them again.
///
/// What always holds:
///  1. An id is held at most once: as ready, as waiting for its time, or as out (being tried or recorded).
///  2. At most `max_tasks` ids are held, and content of at most `max_bytes` (one task more than that at most).
///  3. `store_has_more` is set whenever a task was turned away or a claim left something behind; only the answer to a claim
///     sent after that clears it. The same holds for the time of the earliest task left to the store.
///  4. As long as the store has more that is due, fresh tasks fill no more than half of the window: room for a claim comes
///     about, and who waits in the store is not overtaken for ever by who comes.
///  5. Of each ordering key at most one task is out.
///  6. While the node's budget is used up, at most `burst` tasks wait here. It doubles whenever a claim finds the window dry,
///     and falls when it does not: a destination that works its tasks off gets as many as it can use, one that hangs few.
/// Pure: every call says what time it is. Not thread-safe; one destination actor owns it.
class task_window {
public:
  static constexpr milliseconds keep_ahead{2'000};
  static constexpr std::size_t least_burst = 4;
  /// What a held task costs beside its content, about: state, delivery, texts, its place in heap and set.
  static constexpr std::size_t task_overhead = 1'300;

  /// `budget`, of the node, may be null.
  task_window(std::size_t max_tasks, std::size_t max_bytes, window_budget* budget = nullptr)
      : max_tasks_(max_tasks), max_bytes_(max_bytes), budget_(budget) {}
  ~task_window();
  task_window(const task_window&) = delete;
  task_window& operator=(const task_window&) = delete;

  /// Takes a task in, or turns it away because the window is full; a task already held is ignored.
  void offer(queued_task task);
  /// A claim is on its way to the store: what is left to the store from here on may not be in its answer.
  void claim_sent();
  void take_claim(claim_result&& claim);
  /// The task to try now, by its turn (task_rank.hpp). It stays held until `forget`. A task past its deadline is given up
  /// instead: the store ends it.
  [[nodiscard]] std::optional<queued_task> pop_due(utc_time now);
  [[nodiscard]] bool has_due(utc_time now);
  /// Back in line without having been tried.
  void put_back(queued_task task);
  /// A tried task whose outcome is stored and which waits for its retry. Left to the store if that is further off than
  /// `keep_ahead`, or if the window is more than half full.
  void reschedule(queued_task task, utc_time now);
  /// The task has left the queue, or is no longer ours.
  void forget(const task_id& id, std::size_t content_size);
  /// Removes a task that is not out; false if it is out or unknown.
  bool withdraw(const task_id& id);
  /// Forgets everything that is not out: the store has it.
  void clear_waiting();

  /// When something becomes due that is not yet: in memory, or in the store as far as known.
  [[nodiscard]] std::optional<utc_time> next_due() const;
  [[nodiscard]] bool wants_claim(utc_time now) const;
  void expect_more() { store_has_more_ = left_since_claim_ = true; }
  /// Half full or more: nothing is claimed before some of it has left.
  [[nodiscard]] bool is_well_filled() const;
  [[nodiscard]] std::uint32_t room() const;
  [[nodiscard]] const std::unordered_set<task_id>& held() const { return held_; }
  [[nodiscard]] std::size_t waiting() const { return ready_.size() + later_.size() + gate_.waiting(); }

private:
  /// How many may be held just now.
  [[nodiscard]] std::size_t capacity() const;
  [[nodiscard]] std::size_t half(std::size_t capacity) const;
  [[nodiscard]] bool is_short() const { return budget_ != nullptr && budget_->is_used_up(); }
  void adapt_burst();
  void shrink();
  void admit(queued_task task, std::size_t most);
  void hold(queued_task task);
  void promote(utc_time now);
  bool find_ready(utc_time now);
  void leave_gate(const task_id& id);

  std::size_t max_tasks_;
  std::size_t max_bytes_;
  window_budget* budget_;
  std::size_t bytes_ = 0;
  std::size_t burst_ = least_burst;
  std::size_t tried_since_claim_ = 0;
  std::unordered_set<task_id> held_;
  std::vector<queued_task> ready_;  ///< heap: best on top
  std::vector<queued_task> later_;  ///< heap: earliest on top
  ordering_gate gate_;
  bool store_has_more_ = false;
  std::optional<utc_time> store_next_due_;
  bool left_since_claim_ = false;
  std::optional<utc_time> next_due_since_claim_;
};

}  // namespace waybill::core
