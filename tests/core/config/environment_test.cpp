// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "core/config/config.hpp"
#include "tests/core/faults.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;
using namespace waybill::core::tests;
using names = std::vector<std::string>;
using std::chrono::milliseconds;

namespace {

result<config> load(const std::map<std::string, std::string>& variables) {
  config_sources sources;
  for (const auto& [name, value] : variables) sources.environment_names.push_back(name);
  sources.environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  return load_config(sources);
}

std::vector<field_fault> faults_of(const std::map<std::string, std::string>& variables) {
  auto loaded = load(variables);
  REQUIRE_FALSE(loaded);
  return loaded.error().fields;
}

}  // namespace

TEST_CASE("every kind of value is read from a variable", "[environment]") {
  const auto loaded = load({{"WAYBILL_SERVER_LISTEN", "0.0.0.0:80"},
                            {"WAYBILL_QUEUE_DRAIN_TIMEOUT_MS", " 1234 "},
                            {"WAYBILL_RETRY_JITTER_FACTOR", "0.5"},
                            {"WAYBILL_TELEMETRY_METRICS", "false"},
                            {"WAYBILL_NETWORK_ALLOW", "10.0.0.0/8, 127.0.0.1"},
                            {"WAYBILL_RETRY_SCHEDULE_MS", "0,5000"},
                            {"WAYBILL_DATA_DIR", "/data"},
                            {"WAYBILL_LOG_LEVEL", ""}});
  REQUIRE(loaded);
  CHECK(loaded->server.listen == "0.0.0.0:80");
  CHECK(loaded->queue.drain_timeout == milliseconds{1'234});
  CHECK(loaded->retry.jitter_factor == 0.5);
  CHECK_FALSE(loaded->telemetry.metrics);
  CHECK(loaded->network.allow == names{"10.0.0.0/8", "127.0.0.1"});
  CHECK(loaded->retry.schedule.size() == 2);
  CHECK(loaded->data_dir == "/data");
  CHECK(loaded->log.level == "info");  // an empty variable is none
}

TEST_CASE("faults carry the name of the variable and not its value", "[environment]") {
  const auto faults = faults_of({{"WAYBILL_RETRY_MAX_ATTEMPTS", "many"},
                                 {"WAYBILL_QUEUE_WINDOW", "-1"},
                                 {"WAYBILL_TELEMETRY_METRICS", "perhaps"},
                                 {"WAYBILL_RETRY_SCHEDULE_MS", "1,,2"},
                                 {"WAYBILL_SECURITY_MASTER_KEY", "hunter2"},
                                 {"DELIVERY_RETRY_MAX_DELAY", "5 minutes"}});
  CHECK(brief(faults) == names{"DELIVERY_RETRY_MAX_DELAY type", "WAYBILL_QUEUE_WINDOW minimum",
                               "WAYBILL_RETRY_MAX_ATTEMPTS type", "WAYBILL_RETRY_SCHEDULE_MS type",
                               "WAYBILL_SECURITY_MASTER_KEY format", "WAYBILL_TELEMETRY_METRICS type"});
  CHECK_FALSE(mentions(faults, "hunter2"));
}

TEST_CASE("an unknown variable with our prefix is refused, but not those of the client", "[environment]") {
  const auto faults =
      faults_of({{"WAYBILL_RETRY_MAX_ATEMPTS", "3"}, {"WAYBILL_ZZZ", "1"}, {"WAYBILL_URL", "http://x"}, {"PATH", "/bin"}});
  CHECK(brief(faults) == names{"WAYBILL_RETRY_MAX_ATEMPTS unknown", "WAYBILL_ZZZ unknown"});
  CHECK(message_at(faults, "WAYBILL_RETRY_MAX_ATEMPTS") ==
        "There is no such setting. Did you mean \"WAYBILL_RETRY_MAX_ATTEMPTS\"?");
  CHECK(load({{"WAYBILL_URL", "http://x"}, {"WAYBILL_KEY", "wbk"}, {"WAYBILL_KEY_FILE", "f"}, {"WAYBILL_ORGANIZATION", "o"}}));
}

TEST_CASE("the seeds' names set the same settings", "[environment]") {
  const auto loaded = load({{"DELIVERY_RETRY_MAX_ATTEMPTS", "5"},
                            {"DELIVERY_RETRY_BASE_DELAY", "2000"},
                            {"DELIVERY_RETRY_MAX_DELAY", "30000"},
                            {"DELIVERY_RETRY_JITTER_FACTOR", "0.2"},
                            {"DELIVERY_RETRY_BACKOFF_MULTIPLIER", "3"},
                            {"DELIVERY_CIRCUIT_BREAKER_THRESHOLD", "11"},
                            {"DELIVERY_CIRCUIT_BREAKER_RESET_TIMEOUT", "60000"},
                            {"DELIVERY_CIRCUIT_BREAKER_HALF_OPEN_MAX_CALLS", "2"},
                            {"DELIVERY_WEBHOOK_SECRET_ROTATION_DAYS", "30"},
                            {"DELIVERY_QUEUE_CONCURRENCY", "77"},
                            {"DELIVERY_OBSERVABILITY_METRICS_ENABLED", "false"},
                            {"DELIVERY_OBSERVABILITY_TRACING_ENABLED", "false"}});
  REQUIRE(loaded);
  CHECK(loaded->retry.max_attempts == 5);
  CHECK(loaded->retry.initial_delay == milliseconds{2'000});
  CHECK(loaded->retry.max_delay == milliseconds{30'000});
  CHECK(loaded->retry.jitter_factor == 0.2);
  CHECK(loaded->retry.multiplier == 3.0);
  CHECK(loaded->breaker.failure_threshold == 11);
  CHECK(loaded->breaker.recovery_timeout == milliseconds{60'000});
  CHECK(loaded->breaker.half_open_max_calls == 2);
  CHECK(loaded->security.secret_rotation_days == 30);
  CHECK(loaded->queue.max_in_flight == 77);
  CHECK_FALSE(loaded->telemetry.metrics);
}

TEST_CASE("our own name wins over the seeds'", "[environment]") {
  const auto loaded = load({{"DELIVERY_RETRY_MAX_ATTEMPTS", "5"}, {"WAYBILL_RETRY_MAX_ATTEMPTS", "7"}});
  REQUIRE(loaded);
  CHECK(loaded->retry.max_attempts == 7);
}

TEST_CASE("of the variables of others only a slip in one of ours is refused", "[environment]") {
  CHECK(load({{"DELIVERY_DATABASE", "x"}, {"DELIVERY_SERVICE_NAME", "y"}, {"DELIVERY_", "z"}}));
  const auto faults = faults_of({{"DELIVERY_RETRY_MAX_ATEMPTS", "3"}, {"DELIVERY_DATABASE", "x"}});
  CHECK(brief(faults) == names{"DELIVERY_RETRY_MAX_ATEMPTS unknown"});
  CHECK(message_at(faults, "DELIVERY_RETRY_MAX_ATEMPTS").find("DELIVERY_RETRY_MAX_ATTEMPTS") != std::string::npos);
}

TEST_CASE("tracing, which this version does not have, cannot be turned on unnoticed", "[environment]") {
  for (const char* value : {"true", "1", "yes"}) {
    const auto faults = faults_of({{"DELIVERY_OBSERVABILITY_TRACING_ENABLED", value}});
    CHECK(brief(faults) == names{"DELIVERY_OBSERVABILITY_TRACING_ENABLED unsupported"});
  }
  CHECK(load({{"DELIVERY_OBSERVABILITY_TRACING_ENABLED", "0"}}));
}
