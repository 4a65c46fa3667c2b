// SPDX-License-Identifier: Apache-2.0
#include "core/telemetry/log.hpp"

#include <cstdio>
#include <thread>
#include <vector>

#include "core/telemetry/log_line.hpp"
#include "tests/core/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace waybill::core;
using namespace waybill::core::tests;

namespace {

const utc_time time_of_test = from_unix_ms(1'767'225'600'123);

std::string text_of(std::string_view text, std::initializer_list<log_field> fields) {
  return log_line(log_format::text, time_of_test, log_level::warning, "test.event", text, fields);
}
nlohmann::json json_of(std::string_view text, std::initializer_list<log_field> fields) {
  return nlohmann::json::parse(log_line(log_format::json, time_of_test, log_level::info, "test.event", text, fields));
}

}  // namespace

TEST_CASE("a text line has time, level, event, sentence and fields", "[log]") {
  CHECK(text_of("All is well.", {{"address", "127.0.0.1:8080"}, {"count", "3"}}) ==
        "2026-01-01T00:00:00.123Z WARN  test.event All is well. address=127.0.0.1:8080 count=3");
}

TEST_CASE("a value with blanks or quotation marks is quoted", "[log]") {
  CHECK(text_of("x", {{"a", "two words"}, {"b", "say \"so\""}, {"c", ""}}) ==
        "2026-01-01T00:00:00.123Z WARN  test.event x a=\"two words\" b=\"say \\\"so\\\"\" c=\"\"");
}

TEST_CASE("nothing in a value can begin a line of its own", "[log]") {
  const auto line = text_of("one\ntwo", {{"a", "x\r\n2026-01-01T00:00:00.000Z ERROR fake"}, {"b", "\x1b[31m"}, {"c\n", "d"}});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find('\r') == std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("a JSON line is one object on one line", "[log]") {
  const auto line = json_of("All is\nwell.", {{"address", "127.0.0.1:8080"}, {"level", "shadow"}});
  CHECK(line["time"] == "2026-01-01T00:00:00.123Z");
  CHECK(line["level"] == "info");
  CHECK(line["event"] == "test.event");
  CHECK(line["message"] == "All is\nwell.");
  CHECK(line["address"] == "127.0.0.1:8080");
  CHECK(line["level_"] == "shadow");
  CHECK(log_line(log_format::json, time_of_test, log_level::info, "e", "a\nb", {}).find('\n') == std::string::npos);
}

TEST_CASE("bytes that are not UTF-8 do not break a JSON line", "[log]") {
  CHECK(json_of("\xff\xfe", {{"a", "\xc3"}}).contains("a"));
}

TEST_CASE("a long value is cut", "[log]") { CHECK(text_of("x", {{"a", std::string(100'000, 'y')}}).size() < 9'000); }

TEST_CASE("a field that names a secret never shows its value", "[log]") {
  for (const char* name :
       {"Authorization", "proxy-authorization", "password",  "PASSWORD",   "db_password", "secret",
        "clientSecret",  "access_token",        "X-Api-Key", "apiKey",     "api_key",     "Cookie",
        "Set-Cookie",    "webhook-signature",   "sig",       "privateKey", "private_key", "Ocp-Apim-Subscription-Key",
        "credentials",   "master_key",          "passphrase"}) {
    INFO(name);
    CHECK(names_a_secret(name));
    CHECK(text_of("x", {{name, "hunter2"}}).find("hunter2") == std::string::npos);
    CHECK(json_of("x", {{name, "hunter2"}})[name] == "••••");
  }
}

TEST_CASE("a field that names no secret is shown", "[log]") {
  for (const char* name :
       {"address", "Idempotency-Key", "keyId", "destination", "Content-Type", "design", "status", "author", ""}) {
    INFO(name);
    CHECK_FALSE(names_a_secret(name));
  }
}

TEST_CASE("the level decides what is logged, and another word is refused", "[log]") {
  REQUIRE(set_up_logging("warning", "text"));
  CHECK_FALSE(log_enabled(log_level::debug));
  CHECK_FALSE(log_enabled(log_level::info));
  CHECK(log_enabled(log_level::warning));
  CHECK(log_enabled(log_level::error));
  CHECK_FALSE(set_up_logging("loud", "text"));
  CHECK_FALSE(set_up_logging("info", "xml"));
  CHECK(log_enabled(log_level::warning));
  CHECK_FALSE(log_enabled(log_level::info));
  REQUIRE(set_up_logging("info", "text"));
}

TEST_CASE("every line of every thread reaches standard error whole, also after stopping", "[log]") {
  const temporary_folder folder;
  const auto path = folder.file("stderr");
  std::fflush(stderr);
  const int saved = ::dup(2);
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  ::dup2(file, 2);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 500; ++i) log(log_level::info, "test.thread", "A line.", {{"i", std::to_string(i)}});
    });
  for (auto& thread : threads) thread.join();
  log(log_level::debug, "test.hidden", "Not seen.");
  stop_logging();
  log(log_level::error, "test.last", "After the end.");
  ::dup2(saved, 2);
  ::close(saved);
  ::close(file);

  const auto text = read_all(path);
  std::size_t lines = 0, whole = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    const auto line = text.substr(at, end - at);
    ++lines;
    if (line.find("INFO  test.thread A line. i=") == 25) ++whole;
    at = end + 1;
  }
  CHECK(lines == 2'001);
  CHECK(whole == 2'000);
  CHECK(text.find("test.last") != std::string::npos);
  CHECK(text.find("test.hidden") == std::string::npos);
}
