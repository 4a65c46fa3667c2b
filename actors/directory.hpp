// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/model/destination.hpp"

namespace waybill::actors {

/// What must be known without asking the store: of every destination whose it is and whether it is enabled, and which
/// organizations there are. About 60 bytes a destination. Thread-safe; written after a commit, read by intake and by the
/// service.
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
  void put(core::organization_id id);
  /// From here on it is as unknown; its destinations are not touched.
  void remove(core::organization_id id);
  [[nodiscard]] std::vector<core::destination_id> destinations_of(core::organization_id id) const;
  [[nodiscard]] bool knows(core::organization_id id) const;

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<core::destination_id, entry> entries_;
  std::unordered_set<core::organization_id> organizations_;
};

}  // namespace waybill::actors
