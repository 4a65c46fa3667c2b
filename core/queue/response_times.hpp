// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/model/time.hpp"

namespace waybill::core {

/// How long the last attempts of one destination took. Grows with what it is told, to a kilobyte.
class response_times {
public:
  static constexpr std::size_t kept = 256;

  void add(milliseconds took);
  [[nodiscard]] bool empty() const { return last_.empty(); }
  /// What `percent` of the last ones did not exceed. Not while it is empty.
  [[nodiscard]] milliseconds percentile(std::size_t percent) const;

private:
  std::vector<std::uint32_t> last_;  ///< a ring once it is full
  std::size_t oldest_ = 0;
};

}  // namespace waybill::core
