// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>

namespace waybill::cli::testing {
namespace {

std::string item(const std::string& id, const std::string& second) {
  return R"({"deliveryId":")" + id + R"(","status":"queued","queuedAt":"2026-01-31T09:15:)" + second +
         R"(.000Z","destinations":[{"destinationId":"dst_A"}]})";
}

std::string list(const std::string& items, const std::string& next = "null") {
  return R"({"data":[)" + items + R"(],"nextCursor":)" + next + '}';
}

}  // namespace

TEST_CASE("tail shows each delivery once, oldest first, across pages and polls", "[cli]") {
  int asked = 0;
  fake_node node([&](const received& request) -> canned {
    ++asked;
    if (request.target.find("cursor=p2") != std::string::npos) return {200, list(item("dlv_1", "01")), {}};
    if (asked == 1) return {200, list(item("dlv_3", "03") + ',' + item("dlv_2", "02"), "\"p2\""), {}};
    return {200, list(item("dlv_4", "04") + ',' + item("dlv_3", "03")), {}};
  });
  const auto done = run(node.url(), {"tail", "--since", "2026-01-31T10:15:00+01:00", "--interval", "0.05", "--count", "4"});
  CHECK(done.code == 0);
  CHECK(done.out ==
        "2026-01-31T09:15:01.000Z  dlv_1  queued  dst_A\n"
        "2026-01-31T09:15:02.000Z  dlv_2  queued  dst_A\n"
        "2026-01-31T09:15:03.000Z  dlv_3  queued  dst_A\n"
        "2026-01-31T09:15:04.000Z  dlv_4  queued  dst_A\n");
  CHECK(node.requests().front().target.find("from=2026-01-31T09%3A15%3A00.000Z") != std::string::npos);
}

TEST_CASE("tail passes its filters on", "[cli]") {
  fake_node node([](const received&) { return canned{200, list(item("dlv_1", "01")), {}}; });
  REQUIRE(run(node.url(), {"tail", "--destination", "dst_A", "--status", "failed", "--count", "1", "--json"}).code == 0);
  const auto target = node.only_request().target;
  CHECK(target.find("destinationId=dst_A") != std::string::npos);
  CHECK(target.find("status=failed") != std::string::npos);
}

TEST_CASE("tail goes on when a node that answered before is away for a moment", "[cli]") {
  int asked = 0;
  fake_node node([&](const received&) -> canned {
    ++asked;
    // Twice, because libcurl itself tries again when a connection that it had kept turns out to be closed.
    if (asked == 2 || asked == 3) return {0, "", {}, true};
    return {200, list(asked == 1 ? "" : item("dlv_1", "01")), {}};
  });
  const auto done = run(node.url(), {"tail", "--since", "2026-01-31T09:15:00Z", "--interval", "0.05", "--count", "1"});
  CHECK(done.code == 0);
  CHECK(done.out.find("dlv_1") != std::string::npos);
}

TEST_CASE("tail ends when the node refuses", "[cli]") {
  fake_node node([](const received&) { return canned{403, R"({"code":"FORBIDDEN"})", {}}; });
  CHECK(run(node.url(), {"tail"}).code == 3);
}

}  // namespace waybill::cli::testing
