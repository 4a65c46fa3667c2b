// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace waybill::cli::testing {

using nlohmann::json;

TEST_CASE("audit list asks with its filters and shows a row per action", "[cli]") {
  fake_node node([](const received&) {
    return canned{200,
                  R"({"data":[{"number":7,"at":"2026-01-01T00:00:00.000Z","actor":"key_1","action":"key.revoked",)"
                  R"("subject":"key_2"}],"nextCursor":null})",
                  {}};
  });
  const auto done = run(node.url(), {"audit", "list", "--action", "key.revoked", "--chain", "engine"});
  CHECK(done.code == 0);
  CHECK(done.out.find("key.revoked") != std::string::npos);
  const auto target = node.only_request().target;
  CHECK(target.find("action=key.revoked") != std::string::npos);
  CHECK(target.find("chain=engine") != std::string::npos);
}

TEST_CASE("audit verify walks every part, and fails for a broken chain", "[cli]") {
  bool broken = false;
  fake_node node([&](const received& request) {
    const auto head = R"("head":{"number":9,"hash":"ab"},"anchor":{"number":0,"hash":"00"})";
    if (request.target.find("after=") == std::string::npos)
      return canned{
          200, std::string(R"({"sound":true,"complete":false,"checked":5,"fault":null,"nextAfter":5,)") + head + "}", {}};
    return canned{200,
                  std::string(broken ? R"({"sound":false,"fault":{"number":7,"id":null,"reason":"the row is missing"},)"
                                     : R"({"sound":true,"fault":null,)") +
                      R"("complete":true,"checked":4,"nextAfter":null,)" + head + "}",
                  {}};
  });
  const auto sound = run(node.url(), {"audit", "verify"});
  CHECK(sound.code == 0);
  CHECK(sound.out.find("sound: 9 rows") != std::string::npos);
  CHECK(node.requests().back().target == "/v1/audit/verify?after=5");
  broken = true;
  const auto failed = run(node.url(), {"audit", "verify"});
  CHECK(failed.code == 1);
  CHECK(failed.out.find("BROKEN at row 7: the row is missing") != std::string::npos);
}

TEST_CASE("erase order names one thing and says why", "[cli]") {
  fake_node node([](const received&) { return canned{202, R"({"id":"ers_1","state":"running"})", {}}; });
  CHECK(run(node.url(), {"erase", "order", "--tag", "q1"}).code == 2);
  CHECK(run(node.url(), {"erase", "order", "--tag", "q1", "--delivery", "dlv_1", "--reason", "x"}).code == 2);
  CHECK(node.requests().empty());
  CHECK(run(node.url(), {"erase", "order", "--correlation-id", "patient-1", "--reason", "request"}).code == 0);
  CHECK(json::parse(node.only_request().body) ==
        json{{"scope", "correlationId"}, {"value", "patient-1"}, {"reason", "request"}});
}

TEST_CASE("erase order --wait shows the certificate", "[cli]") {
  fake_node node([](const received& request) {
    return request.method == "POST" ? canned{202, R"({"id":"ers_1","state":"running"})", {}}
                                    : canned{200, R"({"id":"ers_1","state":"completed","certificate":{"sha256":"cd"}})", {}};
  });
  const auto done = run(node.url(), {"erase", "order", "--tag", "q1", "--reason", "x", "--wait", "--json"});
  CHECK(done.code == 0);
  CHECK(done.out.find(R"("sha256":"cd")") != std::string::npos);
}

TEST_CASE("legal-holds place, list and release", "[cli]") {
  fake_node node([](const received& request) {
    if (request.method == "DELETE") return canned{204, ""};
    if (request.method == "POST") return canned{201, R"({"id":"hld_1","scope":"organization"})", {}};
    return canned{200, R"({"data":[{"id":"hld_1","scope":"tag","value":"case-7","reason":"suit"}],"nextCursor":null})", {}};
  });
  CHECK(run(node.url(), {"legal-holds", "place", "--everything", "--reason", "suit"}).code == 0);
  CHECK(json::parse(node.only_request().body) == json{{"scope", "organization"}, {"reason", "suit"}});
  CHECK(run(node.url(), {"legal-holds", "list"}).out.find("case-7") != std::string::npos);
  CHECK(run(node.url(), {"legal-holds", "release", "hld_1"}).code == 0);
  CHECK(node.requests().back().target == "/v1/legal-holds/hld_1");
}

}  // namespace waybill::cli::testing
