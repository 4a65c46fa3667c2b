// SPDX-License-Identifier: Apache-2.0
#include "core/queue/retry_lag.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

const mono_time start = mono_time{} + std::chrono::hours{1};

}  // namespace

TEST_CASE("retries are summed up for the node and for each organization", "[lag]") {
  retry_lag lag;
  const auto one = organization_id::make(), other = organization_id::make();
  for (int i = 1; i <= 100; ++i) lag.started(one, milliseconds{i}, start);
  lag.started(other, milliseconds{5'000}, start);
  CHECK(lag.of(one, start).retries == 100);
  CHECK(lag.of(one, start).p50 == milliseconds{51});
  CHECK(lag.of(one, start).p99 == milliseconds{100});
  CHECK(lag.of(other, start).longest == milliseconds{5'000});
  CHECK(lag.whole(start).retries == 101);
  CHECK(lag.of(organization_id::make(), start).retries == 0);
}

TEST_CASE("what is older than five minutes does not count, and the last few hundred are enough", "[lag]") {
  retry_lag lag;
  const auto org = organization_id::make();
  for (int i = 0; i < 1'000; ++i) lag.started(org, milliseconds{i}, start);
  CHECK(lag.whole(start).retries == 256);
  CHECK(lag.whole(start).longest == milliseconds{999});
  CHECK(lag.whole(start + std::chrono::minutes{6}).retries == 0);
  lag.started(organization_id::make(), milliseconds{-3}, start + std::chrono::minutes{6});
  CHECK(lag.whole(start + std::chrono::minutes{6}).longest == milliseconds{0});
  CHECK(lag.of(org, start + std::chrono::minutes{6}).retries == 0);
}
