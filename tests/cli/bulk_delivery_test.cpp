// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace waybill::cli::testing {
namespace {

using nlohmann::json;

canned accept(const received& request) {
  return {202, R"({"deliveryId":"dlv_)" + request.headers.at("idempotency-key").substr(0, 8) + R"(","status":"queued"})", {}};
}

std::vector<std::string> keys_of(const fake_node& node) {
  std::vector<std::string> keys;
  for (const auto& request : node.requests()) keys.push_back(request.headers.at("idempotency-key"));
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

TEST_CASE("many files are each delivered once, under the same key in every call", "[cli]") {
  const scratch_folder folder;
  std::vector<std::string> arguments{"deliver", "--to", "dst_A"};
  for (int i = 0; i < 30; ++i)
    arguments.push_back(folder.file("f" + std::to_string(i) + ".json", "{\"n\":" + std::to_string(i) + "}"));
  fake_node first(accept), second(accept);
  const auto done = run(first.url(), arguments);
  CHECK(done.code == 0);
  CHECK(done.error == "30 accepted, 0 of them sent before, 0 not accepted\n");
  CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 30);
  const auto keys = keys_of(first);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 30);
  REQUIRE(run(second.url(), arguments).code == 0);
  CHECK(keys_of(second) == keys);
}

TEST_CASE("a key of many changes with the content, with the options and with --again", "[cli]") {
  const scratch_folder folder;
  const auto other = folder.file("b.json", "2");
  const auto key_for = [&](const std::string& content, std::vector<std::string> more) {
    fake_node node(accept);
    std::vector<std::string> arguments{"deliver", folder.file("a.json", content), other};
    arguments.insert(arguments.end(), more.begin(), more.end());
    REQUIRE(run(node.url(), arguments).code == 0);
    const auto requests = node.requests();
    const auto a = std::find_if(requests.begin(), requests.end(),
                                [](const received& r) { return r.body.find("a.json") != std::string::npos; });
    REQUIRE(a != requests.end());
    return a->headers.at("idempotency-key");
  };
  const std::set<std::string> keys{
      key_for("1", {}),          key_for("3", {}),          key_for("1", {"--to", "dst_A"}),
      key_for("1", {"--again"}), key_for("1", {"--again"}), key_for("1", {"--idempotency-key", "mine"})};
  CHECK(keys.size() == 6);
  CHECK(keys.count("mine:a.json") == 1);
  CHECK(key_for("1", {}) == key_for("1", {}));
}

TEST_CASE("with --lines it delivers each line of a file, equal lines too, and passes over empty ones", "[cli]") {
  const scratch_folder folder;
  fake_node node(accept);
  const auto done = run(node.url(), {"deliver", "--lines", folder.file("many.jsonl", "{\"a\":1}\n\n{\"a\":1}\r\n3")});
  CHECK(done.code == 0);
  const auto keys = keys_of(node);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 3);
  CHECK(done.out.find("line 4  dlv_") != std::string::npos);
}

TEST_CASE("with --lines it reads standard input", "[cli]") {
  fake_node node(accept);
  CHECK(run(node.url(), {"deliver", "--lines", "-", "--connections", "1"}, "1\n2\n").code == 0);
  CHECK(node.requests().size() == 2);
}

TEST_CASE("a bad file among many is named and the others are delivered", "[cli]") {
  const scratch_folder folder;
  fake_node node(accept);
  const auto bad = folder.file("bad.json", "{");
  const auto done = run(node.url(), {"deliver", folder.file("a.json", "1"), bad, folder.file("b.json", "2"), "/no/such.json"});
  CHECK(done.code == 1);
  CHECK(node.requests().size() == 2);
  CHECK(done.error.find(bad + ": not JSON") != std::string::npos);
  CHECK(done.error.find("/no/such.json") != std::string::npos);
  CHECK(done.error.find("2 accepted, 0 of them sent before, 2 not accepted") != std::string::npos);
}

TEST_CASE("what a busy node turns away is sent again under the same key", "[cli]") {
  int calls = 0;
  fake_node node([&](const received& request) -> canned {
    if (++calls <= 2) return {503, R"({"status":503,"code":"QUEUE_FULL"})", {}};
    return accept(request);
  });
  const auto done = run(node.url(), {"deliver", "--lines", "-", "--connections", "1"}, "1\n");
  CHECK(done.code == 0);
  const auto keys = keys_of(node);
  REQUIRE(keys.size() == 3);
  CHECK(keys.front() == keys.back());
}

TEST_CASE("a refusal is not tried again and gives exit code 3", "[cli]") {
  fake_node node([](const received&) {
    return canned{422, R"({"status":422,"code":"IDEMPOTENCY_KEY_REUSED","detail":"other body"})", {}};
  });
  const auto done = run(node.url(), {"deliver", "--lines", "-"}, "1\n2\n");
  CHECK(done.code == 3);
  CHECK(node.requests().size() == 2);
  CHECK(done.error.find("IDEMPOTENCY_KEY_REUSED: other body") != std::string::npos);
}

TEST_CASE("many with --json is a line per delivery that names its source and whether it was sent before", "[cli]") {
  const scratch_folder folder;
  fake_node node([](const received&) {
    return canned{202, R"({"deliveryId":"dlv_1","status":"queued"})", {"Idempotency-Replayed: true"}};
  });
  const auto a = folder.file("a.json", "1"), b = folder.file("b.json", "2");
  const auto done = run(node.url(), {"--json", "deliver", a, b, "--connections", "1"});
  CHECK(done.out == R"({"source":")" + a +
                        R"(","replayed":true,"deliveryId":"dlv_1","status":"queued"})"
                        "\n" +
                        R"({"source":")" + b +
                        R"(","replayed":true,"deliveryId":"dlv_1","status":"queued"})"
                        "\n");
  CHECK(done.error.empty());
}

}  // namespace waybill::cli::testing
