// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/model/destination.hpp"

namespace waybill::actors {

/// What intake must know of every destination of the node without asking the store: whose it is and whether it is enabled.
/// About 60 bytes each. Thread-safe; written after a commit, read by intake and by the service.
class destination_directory {
public:
  struct entry {
    core::organization_id organization;
    core::destination_state state = core::destination_state::enabled;
  };

  void put(const core::destination& d);
  void set_state(core::destination_id id, core::destination_state state);
  void remove(core::destination_id id);
  [[nodiscard]] std::optional<entry> find(core::destination_id id) const;
  [[nodiscard]] std::size_t size() const;

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<core::destination_id, entry> entries_;
};

}  // namespace waybill::actors
