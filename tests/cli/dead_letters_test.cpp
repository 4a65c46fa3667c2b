// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace waybill::cli::testing {
namespace {

using nlohmann::json;

canned count(const received&) { return {200, R"({"count":7})", {}}; }

}  // namespace

TEST_CASE("dead-letters list passes its filters on", "[cli]") {
  fake_node node([](const received&) {
    return canned{200, R"({"data":[{"taskId":"tsk_1","deliveryId":"dlv_1"}],"nextCursor":null})", {}};
  });
  const auto done =
      run(node.url(), {"dead-letters", "list", "--destination", "dst_A", "--category", "network", "--limit", "10"});
  CHECK(done.code == 0);
  CHECK(done.out.find("tsk_1") != std::string::npos);
  CHECK(node.only_request().target == "/v1/dead-letters?destinationId=dst_A&category=network&limit=10");
}

TEST_CASE("dead-letters redrive sends the filter and says how many", "[cli]") {
  fake_node node(count);
  const auto done =
      run(node.url(), {"dead-letters", "redrive", "--destination", "dst_A", "--task", "tsk_1", "--task", "tsk_2"});
  CHECK(done.code == 0);
  CHECK(done.out == "7 dead letters redriven\n");
  CHECK(node.only_request().target == "/v1/dead-letters/redrive");
  CHECK(json::parse(node.only_request().body) ==
        json::parse(R"({"destinationId":"dst_A","taskIds":["tsk_1","tsk_2"],"dryRun":false})"));
}

TEST_CASE("dead-letters --dry-run only counts, and asks nothing", "[cli]") {
  const auto* verb = GENERATE("redrive", "discard");
  fake_node node(count);
  const auto done = run(node.url(), {"dead-letters", verb, "--all", "--dry-run"});
  CHECK(done.code == 0);
  CHECK(done.out.find("7 dead letters would be") == 0);
  CHECK(json::parse(node.only_request().body)["dryRun"] == true);
}

TEST_CASE("dead-letters must be told which, so that a forgotten filter does not mean all", "[cli]") {
  fake_node node(count);
  CHECK(run(node.url(), {"dead-letters", "redrive"}).code == 2);
  CHECK(run(node.url(), {"dead-letters", "discard", "--yes"}).code == 2);
  CHECK(node.requests().empty());
}

TEST_CASE("dead-letters discard needs --yes where nobody can be asked", "[cli]") {
  fake_node node(count);
  CHECK(run(node.url(), {"dead-letters", "discard", "--all"}).code == 2);
  CHECK(node.requests().empty());
  CHECK(run(node.url(), {"dead-letters", "discard", "--all", "--yes"}).out == "7 dead letters discarded\n");
}

TEST_CASE("dead-letters discard asks on a terminal, with the number", "[cli]") {
  fake_node node(count);
  const auto refused = run_on_terminal(node.url(), {"dead-letters", "discard", "--all"}, "n\n");
  CHECK(refused.code == 1);
  CHECK(refused.out.find("Discard 7 dead letters?") != std::string::npos);
  REQUIRE(node.requests().size() == 1);
  CHECK(json::parse(node.requests().front().body)["dryRun"] == true);
  CHECK(run_on_terminal(node.url(), {"dead-letters", "discard", "--all"}, "yes\n").code == 0);
  CHECK(json::parse(node.requests().back().body)["dryRun"] == false);
}

}  // namespace waybill::cli::testing
