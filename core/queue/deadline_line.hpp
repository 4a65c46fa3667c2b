// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/model/time.hpp"

namespace waybill::core {

/// The deadlines of what one destination has under way, the earliest first. Nearly always each comes after those before it,
/// and they leave in order: adding and leaving cost no allocation in the long run. Empty it holds next to nothing, for
/// there may be ten thousand of them.
class deadline_line {
public:
  using entry = std::pair<mono_time, std::uint64_t>;

  void add(mono_time at, std::uint64_t number);
  [[nodiscard]] bool empty() const { return first_ == entries_.size(); }
  [[nodiscard]] const entry& front() const { return entries_[first_]; }
  void pop_front();

private:
  std::vector<entry> entries_;
  std::size_t first_ = 0;  ///< those before it have left
};

}  // namespace waybill::core
