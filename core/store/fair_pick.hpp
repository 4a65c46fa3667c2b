// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "core/store/records.hpp"

namespace waybill::core {

/// Which of those that wait go into the next transaction when not all of them fit: one of each organization in turn, in the
/// order in which they came. So an organization that floods lengthens its own way only. Returns `most` positions, ascending.
[[nodiscard]] std::vector<std::size_t> fair_pick(const std::vector<new_delivery>& waiting, std::size_t most);

}  // namespace waybill::core
