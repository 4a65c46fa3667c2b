// SPDX-License-Identifier: Apache-2.0
#include "core/store/postgres/shard_epochs.hpp"

#include <algorithm>

namespace waybill::core::postgres {

shard_epochs::shard_epochs(connection& db)
    : read_(db, "SELECT shard, epoch FROM shards"), raise_(db, "UPDATE shards SET epoch = $1, owner = $2, taken_at = $3") {}

result<void> shard_epochs::load() {
  auto found = read_.query();
  while (found.next()) {
    const auto shard = found.number<std::size_t>(0);
    if (shard < epochs_.size()) epochs_[shard] = found.number<std::uint64_t>(1);
  }
  if (found.failed()) return fail(found.failure());
  return {};
}

result<std::uint64_t> shard_epochs::take_over(std::string_view node, utc_time now) {
  const auto raised = *std::max_element(epochs_.begin(), epochs_.end()) + 1;
  auto done = raise_.run(raised, node, now);
  if (!done) return fail(done.error());
  epochs_.fill(raised);
  return raised;
}

}  // namespace waybill::core::postgres
