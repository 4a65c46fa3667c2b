// SPDX-License-Identifier: Apache-2.0
#include "api/rate_limits.hpp"

#include <algorithm>
#include <cmath>

#include "api/server.hpp"

namespace waybill::api {

namespace {

/// Beyond this many callers, those whose bucket is full again are forgotten: a full bucket says the same as none.
constexpr std::size_t sweep_above = 4'096;

std::uint32_t burst_of(double per_second, std::uint32_t burst) {
  return burst > 0 ? burst : static_cast<std::uint32_t>(std::max(1.0, std::ceil(per_second)));
}

}  // namespace

rate_limits::rate_limits(const http_options& options)
    : key_{options.key_requests_per_second, burst_of(options.key_requests_per_second, options.key_burst)},
      organization_{options.organization_requests_per_second,
                    burst_of(options.organization_requests_per_second, options.organization_burst)} {}

template <class Id>
core::token_bucket* rate_limits::bucket(buckets<Id>& all, const Id& id, const setting& s, core::mono_time now) {
  if (s.per_second <= 0) return nullptr;
  const auto found = all.find(id);
  if (found != all.end()) return &found->second;
  if (all.size() >= sweep_above) {
    for (auto i = all.begin(); i != all.end();) i = i->second.available(now) >= s.burst ? all.erase(i) : std::next(i);
  }
  return &all.emplace(id, core::token_bucket{s.per_second, s.burst}).first->second;
}

rate_limits::standing rate_limits::standing_of(core::token_bucket& bucket, const setting& s, core::mono_time now) {
  const double available = std::max(0.0, bucket.available(now));
  standing out;
  out.limit = s.burst;
  out.remaining = static_cast<std::uint64_t>(available);
  out.reset = std::chrono::milliseconds{static_cast<std::int64_t>((s.burst - available) / s.per_second * 1'000.0)};
  out.wait = bucket.wait(now);
  return out;
}

std::optional<rate_limits::standing> rate_limits::take(const core::caller& caller, core::mono_time now) {
  if (key_.per_second <= 0 && organization_.per_second <= 0) return std::nullopt;
  std::lock_guard lock{mutex_};
  auto* key = bucket(by_key_, caller.key, key_, now);
  auto* organization = bucket(by_organization_, caller.organization, organization_, now);
  const bool key_has = !key || key->wait(now).count() == 0;
  const bool organization_has = !organization || organization->wait(now).count() == 0;
  const bool allowed = key_has && organization_has;
  // Both were asked before either is taken from: a request refused by one bucket must not empty the other.
  if (allowed && key) static_cast<void>(key->try_take(now));
  if (allowed && organization) static_cast<void>(organization->try_take(now));

  std::optional<standing> out;
  if (key) out = standing_of(*key, key_, now);
  if (organization) {
    const auto other = standing_of(*organization, organization_, now);
    const bool tighter = allowed ? !out || other.remaining < out->remaining : !out || other.wait > out->wait;
    if (tighter) out = other;
  }
  out->allowed = allowed;
  return out;
}

}  // namespace waybill::api
