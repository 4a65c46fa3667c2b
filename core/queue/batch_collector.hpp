// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/policy.hpp"

namespace waybill::core {

/// The batch a destination is putting together: due tasks, in the order they were added.
///
/// What always holds:
///  1. A batch has at most `max_count` tasks, and content of at most `max_bytes` unless it has one task only. A task whose
///     content is not in memory is a batch of its own.
///  2. What was added leaves by `take`, `remove` or `clear`, once. Batches keep the order of adding, within and between them.
///  3. A batch is ready as soon as it is full, or when its first task has waited `max_wait` since it was added.
/// Pure: every call says what time it is. Not thread-safe; one destination actor owns it.
class batch_collector {
public:
  void set_limits(const batch_settings& limits) {
    limits_ = limits;
    measure();
  }

  /// Whether the open batch has room. One task more than fits may be held: the one that showed that it is full.
  [[nodiscard]] bool wants_more() const { return !is_full(); }
  /// Only while it wants more.
  void add(queued_task task, mono_time now);
  [[nodiscard]] bool is_ready(mono_time now) const;
  /// When the first task will have waited long enough.
  [[nodiscard]] std::optional<mono_time> ready_at() const;
  /// The open batch, ready or not; the next one begins with what did not fit.
  [[nodiscard]] std::vector<queued_task> take();
  /// Takes one task out; nothing if it is not here.
  [[nodiscard]] std::optional<queued_task> remove(const task_id& id);
  /// Everything, in order.
  [[nodiscard]] std::vector<queued_task> clear();

  [[nodiscard]] bool empty() const { return held_.empty(); }
  [[nodiscard]] std::size_t size() const { return held_.size(); }

private:
  struct entry {
    queued_task task;
    mono_time since;
  };
  [[nodiscard]] bool fits(const queued_task& task) const;
  void open_for(const queued_task& task);
  [[nodiscard]] bool is_full() const;
  void measure();

  batch_settings limits_;
  std::vector<entry> held_;
  std::size_t open_ = 0;  ///< how many of held_, from its front, make the open batch
  std::uint64_t open_bytes_ = 0;
  bool is_closed_ = false;  ///< its one task streams
};

}  // namespace waybill::core
