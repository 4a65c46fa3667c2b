// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace waybill::cli::testing {
namespace {

using nlohmann::json;

const std::string destination =
    R"({"id":"dst_A","type":"webhook","label":"Portal","config":{"url":"https://x"},"state":"enabled","version":3})";

canned show(const received&) { return {200, destination, {}}; }

}  // namespace

TEST_CASE("destinations list follows the cursors and shows a table or a line per item", "[cli]") {
  fake_node node([](const received& request) -> canned {
    if (request.target.find("cursor=") == std::string::npos)
      return {200, R"({"data":[)" + destination + R"(],"nextCursor":"n1"})", {}};
    return {200, R"({"data":[{"id":"dst_B","type":"webhook","state":"disabled"}],"nextCursor":null})", {}};
  });
  const auto done = run(node.url(), {"destinations", "list", "--type", "webhook", "--tag", "a b"});
  CHECK(done.code == 0);
  CHECK(done.out.find("ID     TYPE     STATE") == 0);
  CHECK(done.out.find("dst_B") != std::string::npos);
  CHECK(node.requests().front().target == "/v1/destinations?type=webhook&tag=a%20b&limit=500");
  CHECK(run(node.url(), {"--json", "destinations", "list", "--limit", "1"}).out == destination + "\n");
}

TEST_CASE("destinations create lays options over a file", "[cli]") {
  fake_node node(show);
  const scratch_folder folder;
  const auto file = folder.file("d.json", R"({"type":"webhook","label":"from file","config":{"timeoutMs":5},"tags":["a"]})");
  const auto done = run(node.url(), {"destinations", "create", "--file", file, "--label", "Portal", "--url", "https://x",
                                     "--set", "policy.limits.maxConcurrency=50", "--set", "config.headers.X-Key=5a", "--test"});
  CHECK(done.code == 0);
  const auto request = node.only_request();
  CHECK(request.method == "POST");
  CHECK(request.target == "/v1/destinations?test=true");
  CHECK(json::parse(request.body) == json::parse(R"({"type":"webhook","label":"Portal","tags":["a"],
    "config":{"timeoutMs":5,"url":"https://x","headers":{"X-Key":"5a"}},"policy":{"limits":{"maxConcurrency":50}}})"));
}

TEST_CASE("destinations update is a merge patch, held to a version where one is given", "[cli]") {
  fake_node node(show);
  REQUIRE(run(node.url(), {"destinations", "update", "dst_A", "--set", "metadata=null", "--if-version", "3"}).code == 0);
  const auto request = node.only_request();
  CHECK(request.method == "PATCH");
  CHECK(request.headers.at("content-type") == "application/merge-patch+json");
  CHECK(request.headers.at("if-match") == "\"3\"");
  CHECK(request.body == R"({"metadata":null})");
}

TEST_CASE("destinations update refuses a --set that leads nowhere", "[cli]") {
  fake_node node(show);
  for (const auto* bad : {"x", "=1", "a..b=1", "config=1"}) {
    const auto done = run(node.url(), {"destinations", "update", "dst_A", "--set", bad, "--set", "config.url=x"});
    CHECK(done.code == 2);
  }
  CHECK(node.requests().empty());
}

TEST_CASE("destinations delete needs --yes where nobody can be asked", "[cli]") {
  fake_node node([](const received&) { return canned{204, ""}; });
  CHECK(run(node.url(), {"destinations", "delete", "dst_A"}).code == 2);
  CHECK(node.requests().empty());
  CHECK(run(node.url(), {"destinations", "delete", "dst_A", "--yes"}).code == 0);
  CHECK(node.only_request().method == "DELETE");
}

TEST_CASE("destinations delete asks on a terminal", "[cli]") {
  fake_node node([](const received&) { return canned{204, ""}; });
  CHECK(run_on_terminal(node.url(), {"destinations", "delete", "dst_A"}, "n\n").code == 1);
  CHECK(node.requests().empty());
  CHECK(run_on_terminal(node.url(), {"destinations", "delete", "dst_A"}, "y\n").code == 0);
  CHECK(node.requests().size() == 1);
}

TEST_CASE("destinations test ends with 1 when the connection fails", "[cli]") {
  const bool ok = GENERATE(true, false);
  fake_node node([ok](const received&) {
    return canned{200, ok ? R"({"ok":true})" : R"({"ok":false,"detail":"refused"})", {}};
  });
  CHECK(run(node.url(), {"destinations", "test", "dst_A"}).code == (ok ? 0 : 1));
  CHECK(node.only_request().target == "/v1/destinations/dst_A/test");
}

TEST_CASE("destinations test takes one that is not stored", "[cli]") {
  fake_node node([](const received&) { return canned{200, R"({"ok":true})", {}}; });
  REQUIRE(run(node.url(), {"destinations", "test", "--type", "webhook", "--url", "https://x"}).code == 0);
  CHECK(node.only_request().target == "/v1/destinations/test");
  CHECK(json::parse(node.only_request().body) == json::parse(R"({"type":"webhook","config":{"url":"https://x"}})"));
}

TEST_CASE("the other commands of destinations call what they are named after", "[cli]") {
  const auto [arguments, method, target, body] =
      GENERATE(table<std::vector<std::string>, std::string, std::string, std::string>({
          {{"show", "dst_A"}, "GET", "", ""},
          {{"health", "dst_A"}, "GET", "/health", ""},
          {{"queue", "dst_A"}, "GET", "/queue", ""},
          {{"secrets", "dst_A"}, "GET", "/secrets", ""},
          {{"enable", "dst_A"}, "POST", "/enable", ""},
          {{"disable", "dst_A", "--reason", "moved"}, "POST", "/disable", R"({"reason":"moved"})"},
          {{"rotate-secret", "dst_A"}, "POST", "/secrets/rotate", ""},
          {{"rotate-secret", "dst_A", "--secret-file", "-", "--overlap-ms", "0"},
           "POST",
           "/secrets/rotate",
           R"({"secret":"whsec_x","overlapMs":0})"},
      }));
  fake_node node(show);
  auto words = arguments;
  words.insert(words.begin(), "destinations");
  const auto done = run(node.url(), words, "whsec_x\n");
  CHECK(done.code == 0);
  CHECK(done.out.find("state: enabled") != std::string::npos);
  const auto request = node.only_request();
  CHECK(request.method == method);
  CHECK(request.target == "/v1/destinations/dst_A" + target);
  CHECK(request.body == body);
}

}  // namespace waybill::cli::testing
