// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "core/config/config.hpp"
#include "tests/core/faults.hpp"
#include "tests/core/temporary_folder.hpp"

#include <catch2/catch.hpp>

using namespace waybill::core;
using namespace waybill::core::tests;
using names = std::vector<std::string>;
using std::chrono::milliseconds;

namespace {

std::vector<field_fault> faults_of(std::string_view toml) {
  auto parsed = parse_config(toml);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == error_code::validation_error);
  for (const auto& fault : parsed.error().fields) CHECK_FALSE(fault.message.empty());
  return parsed.error().fields;
}

}  // namespace

TEST_CASE("an empty file is all defaults", "[config]") {
  const auto parsed = parse_config("");
  REQUIRE(parsed);
  CHECK(parsed->server.listen == "127.0.0.1:8080");
  CHECK(parsed->retry.max_attempts == 6);
  CHECK(parsed->default_policy().disable_threshold == 50);
}

TEST_CASE("a file with every kind of value is read", "[config]") {
  const auto parsed = parse_config(R"(
    dataDir = "/var/lib/waybill"
    disableThreshold = 9
    [server]
    listen = "[::1]:9000"
    publicUrl = "https://waybill.example.com/base"
    [queue]
    drainTimeoutMs = 5000
    [retry]
    multiplier = 3
    jitterFactor = 0.25
    scheduleMs = [0, 5000, 300000]
    [breaker]
    maxRecoveryTimeoutMs = 7200000
    [network]
    allow = ["10.20.0.0/16", "::1"]
    [security]
    masterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    [telemetry]
    metrics = false
    [log]
    level = "warning"
    format = "json"
  )");
  REQUIRE(parsed);
  CHECK(parsed->data_dir == "/var/lib/waybill");
  CHECK(parsed->disable_threshold == 9);
  CHECK(parsed->server.listen == "[::1]:9000");
  CHECK(parsed->queue.drain_timeout == milliseconds{5'000});
  CHECK(parsed->retry.multiplier == 3.0);
  CHECK(parsed->retry.schedule == std::vector{milliseconds{0}, milliseconds{5'000}, milliseconds{300'000}});
  CHECK(parsed->breaker.max_recovery_timeout == std::chrono::hours{2});
  CHECK(parsed->network.allow == names{"10.20.0.0/16", "::1"});
  CHECK_FALSE(parsed->telemetry.metrics);
  CHECK(parsed->log.format == "json");
}

TEST_CASE("every fault of a file is told at once, at its key", "[config]") {
  const auto faults = faults_of(R"(
    dataDir = ""
    disableThreshold = 0
    server = 5
    [retry]
    maxAttempts = 101
    multiplier = "two"
    jitterFactor = nan
    scheduleMs = [1, "x"]
    [network]
    allow = ["10.0.0.1/8"]
    [limits]
    burst = 1.5
    [store]
    url = "mysql://x"
    [log]
    level = "loud"
    [telemetry]
    metrics = 1
    [queue.window]
    x = 1
  )");
  CHECK(brief(faults) == names{"dataDir format", "disableThreshold minimum", "limits.burst type", "log.level format",
                               "network.allow format", "queue.window type", "retry.jitterFactor minimum",
                               "retry.maxAttempts maximum", "retry.multiplier type", "retry.scheduleMs type", "server type",
                               "store.url format", "telemetry.metrics type"});
  CHECK(message_at(faults, "retry.maxAttempts") == "Must be a whole number from 1 to 100.");
}

TEST_CASE("an unknown key is refused with the nearest known one", "[config]") {
  const auto faults =
      faults_of("datadir2 = 1\n[retry]\nmaxAtempts = 3\n[sever]\nlisten = \"\"\n[queue]\nmaxAttempts = 1\n[log]\nqwertz=1\n");
  CHECK(message_at(faults, "retry.maxAtempts") == "There is no such setting. Did you mean \"retry.maxAttempts\"?");
  CHECK(message_at(faults, "sever") == "There is no such table. Did you mean \"server\"?");
  CHECK(message_at(faults, "datadir2") == "There is no such setting. Did you mean \"dataDir\"?");
  CHECK(message_at(faults, "queue.maxAttempts") == "There is no such setting. Did you mean \"retry.maxAttempts\"?");
  CHECK(message_at(faults, "log.qwertz") == "There is no such setting.");
}

TEST_CASE("a quoted key with a dot is not the key of a table", "[config]") {
  CHECK(brief(faults_of("\"server.listen\" = \"127.0.0.1:1\"")) == names{"server.listen unknown"});
}

TEST_CASE("a text that is no TOML is told by line and column without quoting a secret", "[config]") {
  const auto faults = faults_of("[security]\nmasterKey = 99999999999999999999999999991234\n");
  CHECK(brief(faults) == names{" toml"});
  CHECK(faults[0].message.find("Line 2") == 0);
  CHECK_FALSE(mentions(faults, "999991234"));
  CHECK_FALSE(mentions(faults_of("[security]\nmasterKey = hunter2hunter2\n"), "hunter2"));
  CHECK(brief(faults_of("a = 1\na = 2")) == names{" toml"});
}

TEST_CASE("a wrong secret is not echoed", "[config]") {
  const auto faults = faults_of("[security]\nmasterKey = \"hunter2\"\n[store]\nurl = \"mysql://root:hunter2@host/db\"\n");
  CHECK(brief(faults) == names{"security.masterKey format", "store.url format"});
  CHECK_FALSE(mentions(faults, "hunter2"));
}

TEST_CASE("a first delay above the longest is refused", "[config]") {
  CHECK(brief(faults_of("[retry]\nmaxDelayMs = 500")) == names{"retry.initialDelayMs maximum"});
  CHECK(parse_config("[retry]\nmaxDelayMs = 500\ninitialDelayMs = 100"));
}

TEST_CASE("listeners, URLs and stores are what they should be", "[config]") {
  for (const char* listen : {"127.0.0.1:0", "0.0.0.0:65535", "[::]:80", "localhost:8080"})
    CHECK(parse_config("[server]\nlisten = \"" + std::string{listen} + "\""));
  for (const char* listen : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80",
                             "[::1]", "example.com:80", "127.0.0.1:80x", "127.0.0.1:000080"})
    CHECK_FALSE(parse_config("[server]\nlisten = \"" + std::string{listen} + "\""));
  for (const char* url : {"", "http://a", "https://a.b:8443", "https://a/b"})
    CHECK(parse_config("[server]\npublicUrl = \"" + std::string{url} + "\""));
  for (const char* url :
       {"a", "ftp://a", "http://", "https://:80", "https://u:p@a", "https://a?b", "https://a#b", "https://a b", "https:///x"})
    CHECK_FALSE(parse_config("[server]\npublicUrl = \"" + std::string{url} + "\""));
  for (const char* url : {"", "sqlite://x.db", "sqlite:///var/x.db", "postgresql://h/db", "postgres://h/db"})
    CHECK(parse_config("[store]\nurl = \"" + std::string{url} + "\""));
  for (const char* url : {"sqlite://", "x.db", "redis://h"})
    CHECK_FALSE(parse_config("[store]\nurl = \"" + std::string{url} + "\""));
}

TEST_CASE("defaults, file, environment and command line lie over each other in that order", "[config]") {
  const temporary_folder folder;
  config_sources sources;
  sources.file = folder.write("waybill.toml", "[retry]\nmaxAttempts = 10\n[queue]\nwindow = 10\n[limits]\nburst = 10\n");
  const std::map<std::string, std::string> variables{{"WAYBILL_QUEUE_WINDOW", "20"}, {"WAYBILL_LIMITS_BURST", "20"}};
  sources.environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  sources.overrides = {{"limits.burst", "30"}};
  const auto loaded = load_config(sources);
  REQUIRE(loaded);
  CHECK(loaded->retry.max_attempts == 10);
  CHECK(loaded->queue.window == 20);
  CHECK(loaded->limits.burst == 30);
  CHECK(loaded->queue.max_in_flight == 2'000);
}

TEST_CASE("faults of all sources are told together, and an unknown override is one", "[config]") {
  const temporary_folder folder;
  config_sources sources;
  sources.file = folder.write("waybill.toml", "[retry]\nmaxAttempts = 0\n");
  sources.environment_names = {"WAYBILL_QUEUE_WINDOWS"};
  sources.overrides = {{"server.listn", "x"}, {"server.listen", "x"}};
  const auto loaded = load_config(sources);
  REQUIRE_FALSE(loaded);
  CHECK(brief(loaded.error().fields) ==
        names{"WAYBILL_QUEUE_WINDOWS unknown", "retry.maxAttempts minimum", "server.listen format", "server.listn unknown"});
  CHECK(message_at(loaded.error().fields, "server.listn") == "There is no such setting. Did you mean \"server.listen\"?");
}

TEST_CASE("a missing file, a folder and a huge file are errors that name it", "[config]") {
  const temporary_folder folder;
  for (const auto& path :
       {folder.file("missing.toml"), folder.file(""), folder.write("huge.toml", std::string(1'048'577, '#'))}) {
    config_sources sources;
    sources.file = path;
    const auto loaded = load_config(sources);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().message.find(path) != std::string::npos);
  }
}
