// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>

namespace waybill::cli::testing {
namespace {

std::string delivery(const std::string& status) {
  return R"({"deliveryId":"dlv_01","status":")" + status +
         R"(","queuedAt":"2026-01-31T09:15:00.000Z","options":{"correlationId":"c1"},"destinations":[{"destinationId":"dst_A","taskId":"tsk_1",)"
         R"("status":"retrying","label":"Portal","type":"webhook","nextAttemptAt":"2026-01-31T09:16:00.000Z",)"
         R"("failureReason":"busy\u001b[2J","attempts":1,"attemptLog":[{"number":1,"startedAt":"2026-01-31T09:15:00.001Z","durationMs":12,)"
         R"("outcome":"retry","category":"remote","code":503,"message":"could not be delivered","detail":"Service Unavailable"}]}]})";
}

}  // namespace

TEST_CASE("status shows tasks and attempts, and no control character that a receiver sent", "[cli]") {
  fake_node node([](const received&) { return canned{200, delivery("processing"), {}}; });
  const auto done = run(node.url(), {"status", "dlv_01"});
  CHECK(done.code == 0);
  CHECK(node.only_request().target == "/v1/deliveries/dlv_01");
  for (const auto* part : {"dlv_01  processing", "retrying  dst_A  Portal (webhook)", "09:16:00.000Z", "c1", "#1", "12 ms",
                           "503", "Service Unavailable"})
    CHECK(done.out.find(part) != std::string::npos);
  CHECK(done.out.find('\x1b') == std::string::npos);
}

TEST_CASE("status --json is the node's answer on one line", "[cli]") {
  fake_node node([](const received&) { return canned{200, delivery("completed"), {}}; });
  CHECK(run(node.url(), {"status", "dlv_01", "--json"})
            .out.rfind(R"({"deliveryId":"dlv_01","status":"completed","queuedAt")", 0) == 0);
}

TEST_CASE("status of an unknown delivery is a refusal", "[cli]") {
  fake_node node([](const received&) {
    return canned{404, R"({"code":"DELIVERY_NOT_FOUND","detail":"no such delivery"})", {}};
  });
  const auto done = run(node.url(), {"status", "dlv_x/../keys"});
  CHECK(done.code == 3);
  CHECK(node.only_request().target == "/v1/deliveries/dlv_x%2F..%2Fkeys");
}

TEST_CASE("status --watch shows each change once and ends with the delivery", "[cli]") {
  int asked = 0;
  fake_node node([&](const received&) {
    return canned{200, delivery(++asked < 3 ? "queued" : asked < 5 ? "processing" : "failed"), {}};
  });
  const auto done = run(node.url(), {"status", "dlv_01", "--watch"});
  CHECK(done.code == 1);
  CHECK(node.requests().size() == 5);
  std::size_t shown = 0;
  for (auto at = done.out.find("dlv_01  "); at != std::string::npos; at = done.out.find("dlv_01  ", at + 1)) ++shown;
  CHECK(shown == 3);
}

}  // namespace waybill::cli::testing
