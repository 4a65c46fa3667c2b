// SPDX-License-Identifier: Apache-2.0
#include "core/queue/task_rank.hpp"

#include <tuple>

namespace waybill::core {

bool goes_before(const task& a, const task& b) {
  const auto first = turn_of(a), second = turn_of(b);
  return first != second ? first < second : std::tie(a.delivery, a.id) < std::tie(b.delivery, b.id);
}

}  // namespace waybill::core
