// SPDX-License-Identifier: Apache-2.0
#include "core/queue/deadline_line.hpp"

#include <algorithm>

namespace waybill::core {
namespace {

constexpr std::size_t kept = 16;

}  // namespace

void deadline_line::add(mono_time at, std::uint64_t number) {
  auto after = entries_.end();
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(first_);
  while (after != first && std::prev(after)->first > at) --after;
  entries_.emplace(after, at, number);
}

void deadline_line::pop_front() {
  ++first_;
  if (empty()) {
    entries_.clear();
    first_ = 0;
    if (entries_.capacity() > kept) std::vector<entry>().swap(entries_);
  } else if (first_ > kept && first_ > entries_.size() / 2) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace waybill::core
