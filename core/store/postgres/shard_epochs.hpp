// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "core/model/id.hpp"
#include "core/model/time.hpp"
#include "core/store/postgres/statement.hpp"

namespace waybill::core::postgres {

/// The epoch of every shard, kept in memory by the one writer (which holds the writer lock, so nobody else changes
/// them). A write that carries an older epoch than its shard's is fenced.
class shard_epochs {
public:
  explicit shard_epochs(connection& db);

  result<void> load();
  /// Raises all of them to one more than the highest, and returns that. Forgotten again by load() after a rollback.
  result<std::uint64_t> take_over(std::string_view node, utc_time now);
  [[nodiscard]] std::uint64_t highest() const { return *std::max_element(epochs_.begin(), epochs_.end()); }
  [[nodiscard]] std::uint64_t of(const destination_id& id) const { return epochs_[shard_of(id)]; }
  [[nodiscard]] bool is_fenced(const destination_id& id, std::uint64_t owner_epoch) const {
    return owner_epoch < epochs_[shard_of(id)];
  }

private:
  statement read_;
  statement raise_;
  std::array<std::uint64_t, shard_count> epochs_{};
};

}  // namespace waybill::core::postgres
