// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/store/records.hpp"

namespace waybill::core {

/// Lets one task of each ordering key out at a time. The store decides which tasks of a key may go at all; while one of them
/// is being tried or recorded, another that may (a retry that others may pass, a task redriven meanwhile) waits here.
/// Knows only keys with a task out, so tasks without a key cost nothing. Pure; part of a task_window.
class ordering_gate {
public:
  [[nodiscard]] bool is_busy(std::string_view key) const { return !lines_.empty() && lines_.count(std::string(key)) != 0; }
  /// A task of a key that is not busy goes out.
  void enter(const std::string& key, const task_id& id);
  /// A task of a busy key waits.
  void wait(queued_task task);
  /// The task, if it is out, is back or gone: gives those that waited for it.
  [[nodiscard]] std::vector<queued_task> leave(const task_id& id);
  /// Takes out one that waits.
  [[nodiscard]] std::optional<queued_task> withdraw(const task_id& id);
  /// Takes out all that wait.
  [[nodiscard]] std::vector<queued_task> clear_waiting();
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

private:
  std::unordered_map<std::string, std::vector<queued_task>> lines_;  ///< of busy keys
  std::unordered_map<task_id, std::string> out_;
  std::size_t waiting_ = 0;
};

}  // namespace waybill::core
