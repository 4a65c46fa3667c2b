// SPDX-License-Identifier: Apache-2.0
#include "cli/failure.hpp"
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace waybill::cli::testing {
namespace {

using nlohmann::json;

const std::string receipt =
    R"({"deliveryId":"dlv_01","status":"queued","destinations":[{"destinationId":"dst_A","status":"pending","taskId":"tsk_1"}]})";

canned accept(const received&) { return {202, receipt, {}}; }

}  // namespace

TEST_CASE("deliver sends a file's JSON byte for byte as payload.data", "[cli]") {
  fake_node node(accept);
  const scratch_folder folder;
  // Spelling, order and white space that any re-serialisation would change.
  const std::string content = "{ \"b\" : 1.50e1,\n\t\"a\":\"\\u00e9\" , \"a2\":12345678901234567890 }";
  const auto done = run(node.url(), {"deliver", folder.file("report.json", content), "--to", "dst_A"});
  CHECK(done.code == 0);
  const auto request = node.only_request();
  CHECK(request.method == "POST");
  CHECK(request.target == "/v1/deliveries");
  CHECK(request.headers.at("content-type") == "application/json");
  CHECK(request.headers.at("authorization") == "Bearer wbk_test_secret");
  CHECK(request.body.find("\"data\":" + content) != std::string::npos);
  CHECK(json::parse(request.body)["payload"]["filename"] == "report.json");
}

TEST_CASE("deliver puts every option where the API wants it", "[cli]") {
  fake_node node(accept);
  const scratch_folder folder;
  const auto done = run(node.url(), {"deliver",
                                     "--to",
                                     "dst_A",
                                     "--to",
                                     "dst_B",
                                     "--type",
                                     "report",
                                     "--content-type",
                                     "application/fhir+json",
                                     "--metadata",
                                     "quarter=1",
                                     "--metadata",
                                     "note=a=b",
                                     "--priority",
                                     "8",
                                     "--correlation-id",
                                     "c 1",
                                     "--tag",
                                     "q1",
                                     "--tag",
                                     "eu",
                                     "--at",
                                     "2026-01-31T09:15:00Z",
                                     "--idempotency-key",
                                     "once",
                                     folder.file("r.json", "{}")});
  REQUIRE(done.code == 0);
  const auto request = node.only_request();
  CHECK(request.headers.at("idempotency-key") == "once");
  CHECK(json::parse(request.body) == json::parse(R"({"destinations":["dst_A","dst_B"],
    "payload":{"type":"report","data":{},"filename":"r.json","contentType":"application/fhir+json","metadata":{"quarter":"1","note":"a=b"}},
    "options":{"priority":8,"correlationId":"c 1","tags":["q1","eu"],"scheduledAt":"2026-01-31T09:15:00Z"}})"));
}

TEST_CASE("deliver reads standard input for -, and leaves destinations to the organization's default", "[cli]") {
  fake_node node(accept);
  const auto done = run(node.url(), {"deliver", "-"}, "[1,2]\n");
  REQUIRE(done.code == 0);
  CHECK(json::parse(node.only_request().body) == json::parse(R"({"payload":{"type":"data","data":[1,2]}})"));
}

TEST_CASE("deliver does not let a file's content break out of the payload", "[cli]") {
  fake_node node(accept);
  const scratch_folder folder;
  const auto bad =
      GENERATE(as<std::string>{}, R"({}},"options":{"priority":9)", "", "{\"a\":1", "{} {}", "\"\xff\"", "nul", "// x\n{}");
  const auto done = run(node.url(), {"deliver", folder.file("bad.json", bad), "--to", "dst_A"});
  CHECK(done.code == static_cast<int>(exit_code::failed));
  CHECK(done.error.find("not JSON") != std::string::npos);
  CHECK(done.error.find("--as-text") != std::string::npos);
  CHECK(node.requests().empty());
}

TEST_CASE("deliver uploads what is no JSON and does not claim to be, then names it", "[cli]") {
  fake_node node([](const received& r) {
    return r.target == "/v1/payloads" ? canned{201, R"({"payloadId":"pay_01","size":6,"sha256":"00"})", {}} : accept(r);
  });
  const scratch_folder folder;
  const auto done = run(node.url(), {"deliver", folder.file("rows.csv", "a;b\n1;"), "--to", "dst_A"});
  REQUIRE(done.code == 0);
  const auto requests = node.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].target == "/v1/payloads");
  CHECK(requests[0].headers.at("content-type") == "text/csv");
  CHECK(requests[0].body == "a;b\n1;");
  CHECK(json::parse(requests[1].body) ==
        json::parse(R"({"destinations":["dst_A"],"payload":{"type":"data","payloadId":"pay_01","filename":"rows.csv"}})"));
}

TEST_CASE("deliver uploads a file that is too large for the body of a delivery, JSON or not", "[cli]") {
  fake_node node([](const received& r) {
    return r.target == "/v1/payloads" ? canned{201, R"({"payloadId":"pay_01","size":1,"sha256":"00"})", {}} : accept(r);
  });
  const scratch_folder folder;
  const std::string content = '"' + std::string(1'200'000, 'x') + '"';
  REQUIRE(run(node.url(), {"deliver", folder.file("big.json", content)}).code == 0);
  const auto requests = node.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].headers.at("content-type") == "application/json");
  CHECK(requests[0].body == content);
}

TEST_CASE("deliver --upload sends any file as the bytes it has", "[cli]") {
  fake_node node([](const received& r) {
    return r.target == "/v1/payloads" ? canned{201, R"({"payloadId":"pay_01","size":2,"sha256":"00"})", {}} : accept(r);
  });
  const scratch_folder folder;
  REQUIRE(run(node.url(), {"deliver", "--upload", "--content-type", "x/y", folder.file("a.json", "{}")}).code == 0);
  CHECK(node.requests().at(0).headers.at("content-type") == "x/y");
}

TEST_CASE("deliver says so when an upload is refused, and delivers nothing", "[cli]") {
  fake_node node([](const received&) {
    return canned{413, R"({"title":"Content Too Large","status":413,"code":"PAYLOAD_TOO_LARGE","detail":"too large"})", {}};
  });
  const scratch_folder folder;
  const auto done = run(node.url(), {"deliver", folder.file("rows.csv", "a;b")});
  CHECK(done.code == static_cast<int>(exit_code::refused));
  CHECK(done.error.find("PAYLOAD_TOO_LARGE") != std::string::npos);
  CHECK(node.requests().size() == 1);
}

TEST_CASE("deliver leaves a byte order mark out", "[cli]") {
  fake_node node(accept);
  REQUIRE(run(node.url(), {"deliver", "-"}, "\xEF\xBB\xBF{}").code == 0);
  CHECK(node.only_request().body.find("\"data\":{}") != std::string::npos);
}

TEST_CASE("deliver --as-text sends a file as one JSON string, and refuses what is not UTF-8", "[cli]") {
  fake_node node(accept);
  const scratch_folder folder;
  SECTION("text") {
    REQUIRE(
        run(node.url(), {"deliver", "--as-text", "--content-type", "text/csv", folder.file("a.csv", "a;\"b\"\né\n")}).code ==
        0);
    const auto body = json::parse(node.only_request().body);
    CHECK(body["payload"]["data"] == "a;\"b\"\né\n");
    CHECK(body["payload"]["contentType"] == "text/csv");
  }
  SECTION("bytes") {
    const auto done = run(node.url(), {"deliver", "--as-text", folder.file("a.bin", "\xff\xfe")});
    CHECK(done.code == 1);
    CHECK(done.error.find("UTF-8") != std::string::npos);
    CHECK(node.requests().empty());
  }
}

TEST_CASE("deliver says which file it cannot read", "[cli]") {
  fake_node node(accept);
  const auto done = run(node.url(), {"deliver", "/no/such/file.json"});
  CHECK(done.code == 1);
  CHECK(done.error.find("/no/such/file.json") != std::string::npos);
}

TEST_CASE("deliver prints the id, or the node's answer as one line with --json", "[cli]") {
  fake_node node(accept);
  CHECK(run(node.url(), {"deliver", "-"}, "1").out == "dlv_01  queued\n");
  CHECK(run(node.url(), {"--json", "deliver", "-"}, "1").out == receipt + "\n");
  CHECK(run(node.url(), {"deliver", "-", "--json"}, "1").out == receipt + "\n");
}

TEST_CASE("deliver says when an idempotency key was used before", "[cli]") {
  fake_node node([](const received&) { return canned{202, receipt, {"Idempotency-Replayed: true"}}; });
  CHECK(run(node.url(), {"deliver", "-", "--idempotency-key", "k"}, "1").out.find("not sent again") != std::string::npos);
}

TEST_CASE("deliver --wait ends as the delivery ends", "[cli]") {
  const auto [status, code] = GENERATE(table<std::string, int>({{"completed", 0}, {"failed", 1}, {"cancelled", 1}}));
  int asked = 0;
  fake_node node([&, last = status](const received& request) -> canned {
    if (request.method == "POST") return {202, receipt, {}};
    return {200, R"({"deliveryId":"dlv_01","status":")" + (++asked < 3 ? "processing" : last) + R"(","destinations":[]})", {}};
  });
  const auto done = run(node.url(), {"deliver", "-", "--wait", "--json"}, "1");
  CHECK(done.code == code);
  CHECK(json::parse(done.out)["status"] == status);
  CHECK(node.requests().back().target == "/v1/deliveries/dlv_01");
}

TEST_CASE("deliver --wait gives up after the timeout and says that the delivery stays queued", "[cli]") {
  fake_node node([](const received& request) -> canned {
    if (request.method == "POST") return {202, receipt, {}};
    return {200, R"({"deliveryId":"dlv_01","status":"processing","destinations":[]})", {}};
  });
  const auto done = run(node.url(), {"deliver", "-", "--wait", "--timeout", "0.1"}, "1");
  CHECK(done.code == 1);
  CHECK(done.error.find("waybill status dlv_01") != std::string::npos);
}

TEST_CASE("deliver refuses options that make no sense before it sends anything", "[cli]") {
  fake_node node(accept);
  const auto arguments = GENERATE(
      as<std::vector<std::string>>{}, std::vector<std::string>{"deliver"},
      std::vector<std::string>{"deliver", "-", "--type", "letter"},
      std::vector<std::string>{"deliver", "-", "--priority", "11"},
      std::vector<std::string>{"deliver", "-", "--at", "tomorrow"}, std::vector<std::string>{"deliver", "-", "--metadata", "x"},
      std::vector<std::string>{"deliver", "a", "b", "--lines"}, std::vector<std::string>{"deliver", "a", "b", "--wait"},
      std::vector<std::string>{"deliver", "-", "--idempotency-key", "a\r\nX: b"});
  const auto done = run(node.url(), arguments, "1");
  CHECK(done.code == static_cast<int>(exit_code::usage));
  CHECK_FALSE(done.error.empty());
  CHECK(node.requests().empty());
}

}  // namespace waybill::cli::testing
