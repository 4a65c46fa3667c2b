// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace waybill::core {

/// What all plugins of this process did with their tokens. Process-wide like the host table that counts into it: a C slot
/// such as `complete` has no argument that could say which plugin_host it belongs to.
struct host_counters {
  std::atomic<std::uint64_t> completions{0};
  std::atomic<std::uint64_t> late_completions{0};
  std::atomic<std::uint64_t> unknown_completions{0};
  std::atomic<std::uint64_t> plugin_faults{0};
};

[[nodiscard]] inline host_counters& counters() {
  static host_counters all;
  return all;
}

inline void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace waybill::core
