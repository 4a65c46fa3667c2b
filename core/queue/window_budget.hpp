// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>

namespace waybill::core {

/// The memory that the windows of all destinations of a node share. Nobody is refused by it: a window that finds it used up
/// keeps no more than a few tasks waiting (task_window). So a backlog over ten thousand destinations costs the limit and a
/// few tasks each, and a node with room gives every destination a full window. Thread-safe; outlives the windows.
class window_budget {
public:
  explicit window_budget(std::size_t bytes) : limit_(bytes) {}

  void take(std::size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] bool is_used_up() const { return used() >= limit_; }
  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }

private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace waybill::core
