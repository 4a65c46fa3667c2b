// SPDX-License-Identifier: Apache-2.0
#include "core/policy/retry_policy.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

const utc_time now = from_unix_ms(1'000'000'000'000);
constexpr double middle = 0.5;  // no spread

attempt_result failed(failure_category category = failure_category::network) {
  attempt_result result;
  result.category = category;
  return result;
}

milliseconds wait_of(const retry_policy::decision& decision) {
  REQUIRE(decision.due_at);
  return *decision.due_at - now;
}

}  // namespace

TEST_CASE("the delay doubles from one second to five minutes", "[retry]") {
  const retry_policy policy{retry_settings{}};
  for (const auto& [n, seconds] : {std::pair{1, 1}, {2, 2}, {3, 4}, {4, 8}, {9, 256}, {10, 300}, {11, 300}})
    CHECK(policy.delay(static_cast<std::uint32_t>(n)) == std::chrono::seconds{seconds});
  CHECK(policy.delay(UINT32_MAX) == std::chrono::minutes{5});
}

TEST_CASE("the first attempt counts: six attempts are five retries", "[retry]") {
  const retry_policy policy{retry_settings{}};
  for (std::uint32_t attempts = 1; attempts <= 5; ++attempts)
    CHECK(wait_of(policy.after_failure(failed(), attempts, now, middle, {})) == policy.delay(attempts));
  CHECK_FALSE(policy.after_failure(failed(), 6, now, middle, {}).due_at);
  CHECK_FALSE(policy.after_failure(failed(), 7, now, middle, {}).due_at);
}

TEST_CASE("what cannot get better is not tried again", "[retry]") {
  const retry_policy policy{retry_settings{}};
  CHECK_FALSE(policy.after_failure(failed(failure_category::configuration), 1, now, middle, {}).due_at);
  CHECK_FALSE(policy.after_failure(failed(failure_category::validation), 1, now, middle, {}).due_at);
  auto rejected = failed();
  rejected.action = attempt_action::reject;
  CHECK_FALSE(policy.after_failure(rejected, 1, now, middle, {}).due_at);
  for (const auto category : {failure_category::network, failure_category::authentication, failure_category::rate_limit,
                              failure_category::remote, failure_category::timeout, failure_category::system})
    CHECK(policy.after_failure(failed(category), 1, now, middle, {}).due_at);
}

TEST_CASE("a schedule replaces the formula, and its last entry repeats", "[retry]") {
  retry_settings settings;
  settings.max_attempts = 10;
  settings.schedule = {milliseconds{0}, milliseconds{5'000}, milliseconds{36'000'000}};
  const retry_policy policy{settings};
  CHECK(policy.delay(1) == milliseconds{0});
  CHECK(policy.delay(2) == milliseconds{5'000});
  CHECK(policy.delay(3) == std::chrono::hours{10});  // longer than maxDelayMs, as it says
  CHECK(policy.delay(9) == std::chrono::hours{10});
}

TEST_CASE("a Retry-After lengthens the delay, never shortens it, and only up to the longest delay", "[retry]") {
  const retry_policy policy{retry_settings{}};
  auto result = failed(failure_category::rate_limit);
  result.action = attempt_action::throttled;
  result.retry_after = milliseconds{60'000};
  CHECK(wait_of(policy.after_failure(result, 1, now, middle, {})) == milliseconds{60'000});
  result.retry_after = milliseconds{10};
  CHECK(wait_of(policy.after_failure(result, 1, now, middle, {})) == milliseconds{1'000});
  result.retry_after = std::chrono::hours{24};
  CHECK(wait_of(policy.after_failure(result, 1, now, middle, {})) == std::chrono::minutes{5});
  result.retry_after = milliseconds{-5};
  CHECK(wait_of(policy.after_failure(result, 1, now, middle, {})) == milliseconds{1'000});
}

TEST_CASE("a retry that would come after the delivery's deadline is not made", "[retry]") {
  const retry_policy policy{retry_settings{}};
  CHECK(policy.after_failure(failed(), 1, now, middle, now + milliseconds{1'000}).due_at);
  CHECK_FALSE(policy.after_failure(failed(), 1, now, middle, now + milliseconds{999}).due_at);
  CHECK_FALSE(policy.after_failure(failed(), 1, now, middle, now - milliseconds{1}).due_at);
}

// For any settings within bounds, any result and any dice: (1) the due time is not in the past; (2) without Retry-After the
// wait is within 1 +- jitterFactor of the delay; (3) delays never shrink from one retry to the next and never exceed the
// longest; (4) with Retry-After the wait is at least the lesser of it and the longest delay; (5) nothing beyond max_attempts
// or the deadline.
TEST_CASE("no random settings break the rules of retrying", "[retry][property]") {
  std::mt19937 random{42};
  const auto real = [&](double from, double to) { return std::uniform_real_distribution<double>{from, to}(random); };
  for (int round = 0; round < 20'000; ++round) {
    retry_settings settings;
    settings.max_attempts = static_cast<std::uint32_t>(1 + random() % 100);
    settings.initial_delay = milliseconds{1 + random() % 86'400'000};
    settings.max_delay = milliseconds{1 + random() % 604'800'000};
    settings.multiplier = real(1, 10);
    settings.jitter_factor = real(0, 1);
    const retry_policy policy{settings};
    const auto attempts = static_cast<std::uint32_t>(1 + random() % 110);
    auto result = failed(static_cast<failure_category>(2 + random() % 8));
    if (random() % 2) result.retry_after = milliseconds{random() % 1'000'000'000};
    std::optional<utc_time> deadline;
    if (random() % 2) deadline = now + milliseconds{random() % 1'000'000'000};

    const auto decision = policy.after_failure(result, attempts, now, real(0, 1), deadline);
    const auto delay = policy.delay(attempts);
    REQUIRE(delay <= settings.max_delay);          // (3)
    REQUIRE(delay <= policy.delay(attempts + 1));  // (3)
    if (!decision.due_at) continue;
    REQUIRE(attempts < settings.max_attempts);             // (5)
    if (deadline) REQUIRE(*decision.due_at <= *deadline);  // (5)
    const auto wait = *decision.due_at - now;
    REQUIRE(wait >= milliseconds{0});  // (1)
    const auto base = static_cast<double>(delay.count());
    const auto waited = static_cast<double>(wait.count());
    if (result.retry_after) {
      REQUIRE(wait >= std::min(*result.retry_after, settings.max_delay));  // (4)
    } else {
      REQUIRE(waited >= base * (1 - settings.jitter_factor) - 1);  // (2)
      REQUIRE(waited <= base * (1 + settings.jitter_factor) + 1);  // (2)
    }
  }
}
