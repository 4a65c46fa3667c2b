// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/legal_hold.hpp"
#include "core/store/retention_store.hpp"
#include "core/store/stored_task.hpp"

namespace waybill::core {

/// A task as retention and erasure see it.
struct retained_task {
  stored_task state;
  bool dead_letter = false;  ///< failed, and neither redriven nor discarded
};

/// A delivery with what decides whether it may go.
struct retained_delivery {
  delivery_head head;
  std::vector<retained_task> tasks;

  [[nodiscard]] std::vector<destination_id> destinations() const;
  [[nodiscard]] bool waits() const;
  [[nodiscard]] std::vector<dead_row> dead_letters() const;
};

/// Rows by table, as an erasure's certificate counts them.
using row_counts = std::map<std::string, std::uint64_t>;

/// Whether the stage may be done to it: everything finished before that time, no dead letter (but for the stage that ends
/// them), no hold. What waits is never touched.
[[nodiscard]] bool may_go(const retained_delivery& d, retention_stage stage, utc_time finished_before,
                          const std::vector<legal_hold>& holds);

}  // namespace waybill::core
