// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace waybill::cli::testing {

using nlohmann::json;

TEST_CASE("keys create sends roles and narrowing, and shows the new key this once", "[cli]") {
  fake_node node([](const received&) { return canned{201, R"({"id":"key_1","name":"shop","secret":"wbk_1_new"})", {}}; });
  const auto done = run(node.url(), {"keys", "create", "shop", "--role", "producer", "--role", "viewer", "--destination",
                                     "dst_A", "--allow-ip", "10.0.0.0/8"});
  CHECK(done.code == 0);
  CHECK(done.out.find("wbk_1_new") != std::string::npos);
  const auto body = json::parse(node.only_request().body);
  CHECK(body["name"] == "shop");
  CHECK(body["roles"] == json({"producer", "viewer"}));
  CHECK(body["allowedIpRanges"] == json::array({"10.0.0.0/8"}));
}

TEST_CASE("keys create needs a role that there is", "[cli]") {
  fake_node node([](const received&) { return canned{}; });
  CHECK(run(node.url(), {"keys", "create", "shop"}).code == 2);
  CHECK(run(node.url(), {"keys", "create", "shop", "--role", "root"}).code == 2);
  CHECK(node.requests().empty());
}

TEST_CASE("keys list and revoke", "[cli]") {
  fake_node node([](const received& request) {
    return request.method == "DELETE"
               ? canned{204, ""}
               : canned{200, R"({"data":[{"id":"key_1","name":"shop","roles":["admin","viewer"]}],"nextCursor":null})", {}};
  });
  CHECK(run(node.url(), {"keys", "list"}).out.find("admin, viewer") != std::string::npos);
  CHECK(run(node.url(), {"keys", "revoke", "key_1"}).code == 0);
  CHECK(node.requests().back().target == "/v1/keys/key_1");
}

TEST_CASE("organizations list and create", "[cli]") {
  fake_node node([](const received& request) {
    return request.method == "POST" ? canned{201, R"({"id":"org_2","name":"North"})", {}}
                                    : canned{200, R"({"data":[{"id":"org_1","name":"default"}],"nextCursor":null})", {}};
  });
  CHECK(run(node.url(), {"organizations", "list"}).out.find("org_1  default") != std::string::npos);
  CHECK(run(node.url(), {"organizations", "create", "North"}).out.find("id: org_2") != std::string::npos);
  CHECK(node.requests().back().body == R"({"name":"North"})");
}

TEST_CASE("types shows what plugins know", "[cli]") {
  fake_node node([](const received&) {
    return canned{
        200, R"({"data":[{"type":"webhook","title":"Webhook","version":"1.0","features":["signing","testing"]}]})", {}};
  });
  CHECK(run(node.url(), {"types"}).out.find("webhook  1.0      Webhook  signing, testing") != std::string::npos);
}

}  // namespace waybill::cli::testing
