// SPDX-License-Identifier: Apache-2.0
#include "core/model/policy.hpp"

#include "tests/core/faults.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace waybill::core;
using namespace waybill::core::tests;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

std::vector<field_fault> faults_of(const json& policy) {
  auto read = policy_from_json(policy, "/policy");
  if (read) return {};
  CHECK(read.error().code == error_code::validation_error);
  return read.error().fields;
}

}  // namespace

TEST_CASE("the policy of the API's example is read whole and written back the same", "[policy]") {
  const auto text = R"({
    "retry":   { "maxAttempts": 6, "initialDelayMs": 1000, "multiplier": 2.5, "maxDelayMs": 300000, "jitterFactor": 0.1,
                 "scheduleMs": [0, 5000, 300000] },
    "breaker": { "failureThreshold": 10, "recoveryTimeoutMs": 300000, "halfOpenMaxCalls": 3 },
    "limits":  { "maxConcurrency": 10, "ratePerSecond": 50, "burst": 100 },
    "disableThreshold": 50 })"_json;
  const auto read = policy_from_json(text, "/policy");
  REQUIRE(read);
  CHECK(read->retry.max_attempts == 6u);
  CHECK(read->retry.initial_delay == milliseconds{1'000});
  CHECK(read->retry.schedule->size() == 3);
  CHECK(read->limits.rate_per_second == 50.0);
  CHECK(to_json(*read) == text);
}

TEST_CASE("weight and queue limit are an organization's to have, not a destination's", "[policy]") {
  const auto text = R"({"limits":{"weight":3,"maxWaiting":5000000000}})"_json;
  const auto read = policy_from_json(text, "/policy");
  REQUIRE(read);
  CHECK(read->share().weight == 3);
  CHECK(read->share().max_waiting == 5'000'000'000u);
  CHECK(to_json(*read) == text);
  CHECK(policy_overrides{}.share().weight == 1);
  const auto refused = policy_from_json(text, "/policy", policy_scope::destination);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fields.size() == 2);
}

TEST_CASE("an empty policy sets nothing", "[policy]") {
  const auto read = policy_from_json(json::object(), "/policy");
  REQUIRE(read);
  CHECK(to_json(*read) == json::object());
  const policy base;
  CHECK(to_json(read->over(base)) == to_json(base));
}

TEST_CASE("what is set lies over the base, and the rest is inherited", "[policy]") {
  const auto organization = policy_from_json(R"({"retry":{"maxAttempts":3,"scheduleMs":[1,2]},"disableThreshold":7})"_json, "");
  const auto destination = policy_from_json(R"({"retry":{"maxAttempts":9},"limits":{"burst":4}})"_json, "");
  REQUIRE(organization);
  REQUIRE(destination);
  const auto effective = destination->over(organization->over(policy{}));
  CHECK(effective.retry.max_attempts == 9);
  CHECK(effective.retry.schedule == std::vector{milliseconds{1}, milliseconds{2}});
  CHECK(effective.retry.initial_delay == milliseconds{1'000});
  CHECK(effective.limits.burst == 4);
  CHECK(effective.disable_threshold == 7);
}

TEST_CASE("an empty schedule takes an inherited one away", "[policy]") {
  policy base;
  base.retry.schedule = {milliseconds{5}};
  const auto read = policy_from_json(R"({"retry":{"scheduleMs":[]}})"_json, "");
  REQUIRE(read);
  CHECK(read->over(base).retry.schedule.empty());
}

TEST_CASE("an effective policy is written so that it can be read back", "[policy]") {
  policy effective;
  effective.retry.schedule = {milliseconds{5}};
  const auto read = policy_from_json(to_json(effective), "");
  REQUIRE(read);
  CHECK(to_json(read->over(policy{})) == to_json(effective));
}

TEST_CASE("every fault of a policy is told at once, with its place and rule", "[policy]") {
  const auto faults = faults_of(R"({
    "retry":   { "maxAttempts": 0, "initialDelayMs": "1s", "multiplier": 0.5, "jitterFactor": 1.5, "maxDelayMs": 1e12,
                 "scheduleMs": [1, -1, 2.5, 4000000000] },
    "breaker": { "failureThreshold": 1.5, "halfOpenMaxCalls": 99999999999999999999 },
    "limits":  [], "disableThreshold": null, "colour": "red" })"_json);
  CHECK(brief(faults) == std::vector<std::string>{
                             "/policy/breaker/failureThreshold type",
                             "/policy/breaker/halfOpenMaxCalls maximum",
                             "/policy/colour additionalProperties",
                             "/policy/disableThreshold type",
                             "/policy/limits type",
                             "/policy/retry/initialDelayMs type",
                             "/policy/retry/jitterFactor maximum",
                             "/policy/retry/maxAttempts minimum",
                             "/policy/retry/maxDelayMs maximum",
                             "/policy/retry/multiplier minimum",
                             "/policy/retry/scheduleMs/1 minimum",
                             "/policy/retry/scheduleMs/2 type",
                             "/policy/retry/scheduleMs/3 maximum",
                         });
  CHECK(message_at(faults, "/policy/retry/maxAttempts") == "Must be from 1 to 100.");
}

TEST_CASE("an unknown member is told with the one that was meant, and its name is a valid pointer", "[policy]") {
  const auto faults = faults_of(R"({"retry":{"maxAtempts":3},"a/b~c":1})"_json);
  CHECK(message_at(faults, "/policy/retry/maxAtempts") == "There is no such member. Did you mean \"maxAttempts\"?");
  CHECK(brief(faults)[0] == "/policy/a~1b~0c additionalProperties");
}

TEST_CASE("the ends of every range are allowed", "[policy]") {
  CHECK(faults_of(R"({"retry":{"maxAttempts":1,"multiplier":1,"jitterFactor":0,"initialDelayMs":1,"maxDelayMs":1}})"_json)
            .empty());
  CHECK(faults_of(R"({"retry":{"maxAttempts":100,"multiplier":10,"jitterFactor":1,"initialDelayMs":86400000,
                      "maxDelayMs":604800000}})"_json)
            .empty());
  CHECK(faults_of(R"({"limits":{"ratePerSecond":0,"burst":0,"maxConcurrency":1}})"_json).empty());
  CHECK(faults_of(R"({"retry":{"maxAttempts":101}})"_json).size() == 1);
  CHECK(faults_of(R"({"limits":{"maxConcurrency":0}})"_json).size() == 1);
}

TEST_CASE("a float without a fraction is a whole number, as JSON Schema has it", "[policy]") {
  CHECK(faults_of(R"({"retry":{"maxAttempts":6.0}})"_json).empty());
}

TEST_CASE("a schedule has at most a hundred entries", "[policy]") {
  json policy;
  policy["retry"]["scheduleMs"] = std::vector<int>(100, 1);
  CHECK(faults_of(policy).empty());
  policy["retry"]["scheduleMs"] = std::vector<int>(101, 1);
  CHECK(brief(faults_of(policy)) == std::vector<std::string>{"/policy/retry/scheduleMs maxItems"});
}

TEST_CASE("a first delay above the longest is a fault when one place sets both", "[policy]") {
  CHECK(brief(faults_of(R"({"retry":{"initialDelayMs":2000,"maxDelayMs":1000}})"_json)) ==
        std::vector<std::string>{"/policy/retry/initialDelayMs maximum"});
  CHECK(faults_of(R"({"retry":{"maxDelayMs":500}})"_json).empty());
}

TEST_CASE("a policy of nothing but faults is answered with a bounded list", "[policy]") {
  json policy = json::object();
  for (int i = 0; i < 10'000; ++i) policy["member" + std::to_string(i)] = 1;
  CHECK(faults_of(policy).size() == 100);
  CHECK(faults_of(json::array()).size() == 1);
  CHECK(faults_of(json("text")).size() == 1);
}
