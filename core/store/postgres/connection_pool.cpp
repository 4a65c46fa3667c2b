// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/connection_pool.hpp"

#include <utility>

namespace waybill::core::postgres {
namespace {

constexpr std::chrono::minutes longest_idle{5};
constexpr std::chrono::minutes longest_life{30};

}  // namespace

connection_pool::lease connection_pool::borrow() {
  std::unique_ptr<reading> found;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      found = std::move(idle_.back().what);
      idle_.pop_back();
    }
  }
  if (!found) found = std::make_unique<reading>(settings_, connection_kind::reader);
  if (found->db.is_open() && found->db.age() > longest_life) found->db.close();
  return {shared_from_this(), std::move(found)};
}

/// One that is not open goes back too: it knows when its server may be tried again.
void connection_pool::give_back(std::unique_ptr<reading> what) {
  std::vector<entry> too_old;  // closed outside the lock
  const std::lock_guard lock(mutex_);
  const auto now = steady::now();
  std::size_t count = 0;
  while (count < idle_.size() && now - idle_[count].since > longest_idle) ++count;
  const auto end = idle_.begin() + static_cast<std::ptrdiff_t>(count);
  too_old.assign(std::make_move_iterator(idle_.begin()), std::make_move_iterator(end));
  idle_.erase(idle_.begin(), end);
  idle_.push_back({std::move(what), now});
}

}  // namespace waybill::core::postgres
