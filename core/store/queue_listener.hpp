// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/model/delivery.hpp"

namespace waybill::core {

/// Told by the store writer, on its thread, what a commit did to the queue: after the commit, before anybody is called back,
/// and in the order of the commits. Must not block and must not throw.
class queue_listener {
public:
  virtual ~queue_listener() = default;
  /// A delivery was accepted: its tasks wait.
  virtual void added(const std::vector<task>& tasks) = 0;
  /// An attempt was recorded: the task went from how its owner held it to `after`.
  virtual void moved(const task& before, task_status after) = 0;
};

}  // namespace waybill::core
