// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "core/model/caller.hpp"
#include "core/model/id.hpp"
#include "core/policy/rate_limiter.hpp"

namespace waybill::api {

struct http_options;

/// A token bucket for every key and one for every organization that called lately (api.md, back-pressure). Thread-safe; with
/// no limit set it takes no lock.
class rate_limits {
public:
  /// Where a caller stands, in the words of the RateLimit-* headers: of its two buckets the one that is nearer to empty.
  struct standing {
    bool allowed = true;
    std::uint64_t limit = 0;  ///< tokens a full bucket holds
    std::uint64_t remaining = 0;
    std::chrono::milliseconds reset{0};  ///< until the bucket is full
    std::chrono::milliseconds wait{0};   ///< refused: until a token is there
  };

  explicit rate_limits(const http_options& options);
  /// Takes a token from both buckets, or from neither. Nothing where no limit is set.
  [[nodiscard]] std::optional<standing> take(const core::caller& caller, core::mono_time now);

private:
  struct setting {
    double per_second = 0;
    std::uint32_t burst = 0;
  };
  template <class Id>
  using buckets = std::unordered_map<Id, core::token_bucket>;

  template <class Id>
  core::token_bucket* bucket(buckets<Id>& all, const Id& id, const setting& s, core::mono_time now);
  [[nodiscard]] static standing standing_of(core::token_bucket& bucket, const setting& s, core::mono_time now);

  setting key_;
  setting organization_;
  std::mutex mutex_;
  buckets<core::key_id> by_key_;
  buckets<core::organization_id> by_organization_;
};

}  // namespace waybill::api
