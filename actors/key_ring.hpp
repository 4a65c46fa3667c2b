// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/model/caller.hpp"
#include "core/model/destination.hpp"
#include "core/model/error.hpp"
#include "core/model/time.hpp"

namespace waybill::actors {

/// Every API key of the node in memory, so that proving one costs a hash and a look-up. Holds no secrets, only their SHA-256.
/// Thread-safe; changed after a commit.
class key_ring {
public:
  explicit key_ring(const core::clock& time) : time_(time) {}

  void put(core::api_key key);
  void revoke(core::key_id id, core::utc_time at);
  void forget(core::organization_id organization);  ///< every key of it

  /// unauthenticated for anything that is not a live key (the reason is not told apart, but for expiry); forbidden for a
  /// live key outside its address ranges or hours, or for an organization that is not its own.
  [[nodiscard]] core::result<core::caller> authenticate(std::string_view presented,
                                                        std::optional<core::organization_id> acting_for,
                                                        std::string_view remote_address);
  /// The keys used since the last call, with when.
  [[nodiscard]] std::vector<std::pair<core::key_id, core::utc_time>> take_used();

private:
  struct entry {
    core::api_key key;
    std::atomic<std::int64_t> used_ms{0};
  };

  const core::clock& time_;
  std::shared_mutex mutex_;
  std::unordered_map<core::key_id, entry> keys_;
};

}  // namespace waybill::actors
