// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>

namespace waybill::cli::testing {
namespace {

canned queue(const received&) { return {200, R"({"pending":3})", {}}; }

finished run_with(std::map<std::string, std::string> environment, std::vector<std::string> arguments,
                  const std::string& folder = "/") {
  start_options options;
  options.environment = std::move(environment);
  options.arguments = std::move(arguments);
  options.folder = folder;
  return run(options);
}

}  // namespace

TEST_CASE("an option goes before a variable, a key before a key file", "[cli]") {
  fake_node node(queue);
  const scratch_folder folder;
  const auto file = folder.file("key", "  wbk_file_1\n");
  const auto key_sent = [&](std::map<std::string, std::string> environment, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", node.url(), "queue"});
    REQUIRE(run_with(std::move(environment), std::move(arguments)).code == 0);
    return node.requests().back().headers.at("authorization");
  };
  CHECK(key_sent({{"WAYBILL_KEY", "wbk_env_1"}}, {}) == "Bearer wbk_env_1");
  CHECK(key_sent({{"WAYBILL_KEY", "wbk_env_1"}}, {"--key", "wbk_option_1"}) == "Bearer wbk_option_1");
  CHECK(key_sent({{"WAYBILL_KEY_FILE", file}}, {}) == "Bearer wbk_file_1");
  CHECK(key_sent({{"WAYBILL_KEY", "wbk_env_1"}}, {"--key-file", file}) == "Bearer wbk_env_1");
}

TEST_CASE("the key in ./data/operator.key is used where there is one", "[cli]") {
  fake_node node(queue);
  const scratch_folder folder;
  REQUIRE(run_with({}, {"--server", node.url(), "queue"}, folder.path()).code == 0);
  CHECK(node.requests().back().headers.count("authorization") == 0);
  const auto command = "mkdir " + folder.path() + "/data";
  REQUIRE(std::system(command.c_str()) == 0);
  (void)folder.file("data/operator.key", "wbk_operator_1\n");
  REQUIRE(run_with({}, {"--server", node.url(), "queue"}, folder.path()).code == 0);
  CHECK(node.requests().back().headers.at("authorization") == "Bearer wbk_operator_1");
}

TEST_CASE("the organization is sent along", "[cli]") {
  fake_node node(queue);
  REQUIRE(run(node.url(), {"queue", "--organization", "org_1"}).code == 0);
  CHECK(node.only_request().headers.at("x-organization-id") == "org_1");
}

TEST_CASE("settings that cannot be are refused as usage", "[cli]") {
  CHECK(run_with({}, {"--server", "ftp://x", "queue"}).code == 2);
  CHECK(run_with({}, {"--key-file", "/no/such/key", "queue"}).code == 2);
  CHECK(run_with({{"WAYBILL_KEY", "a\r\nX-Other: b"}}, {"queue"}).code == 2);
  CHECK(run_with({}, {"--organization", "org_1\nX: y", "queue"}).code == 2);
  CHECK(run_with({}, {}).code == 2);
  CHECK(run_with({}, {"queues"}).code == 2);
  CHECK(run_with({}, {"--help"}).code == 0);
  CHECK(run_with({}, {"--version"}).code == 0);
}

TEST_CASE("a node that does not answer is exit code 4", "[cli]") {
  std::string url;
  {
    const fake_node gone(queue);
    url = gone.url();
  }
  const auto done = run(url, {"queue"});
  CHECK(done.code == 4);
  CHECK(done.error.find("no answer from " + url) != std::string::npos);
}

TEST_CASE("a refusal shows every fault that the node named and is exit code 3", "[cli]") {
  const std::string problem =
      R"({"type":"about:blank","title":"Unprocessable","status":422,"code":"VALIDATION_ERROR","detail":"2 fields are wrong","errors":[)"
      R"({"pointer":"/payload/type","rule":"enum","message":"not a type"},{"pointer":"","rule":"required","message":"missing"}]})";
  fake_node node([&](const received&) { return canned{422, problem, {"Content-Type: application/problem+json"}}; });
  const auto shown = run(node.url(), {"deliver", "-"}, "1");
  CHECK(shown.code == 3);
  CHECK(shown.out.empty());
  CHECK(shown.error ==
        "waybill: the node refused: 422 VALIDATION_ERROR: 2 fields are wrong\n"
        "  /payload/type: not a type [enum]\n"
        "  (the whole): missing [required]\n");
  const auto as_json = run(node.url(), {"--json", "deliver", "-"}, "1");
  CHECK(as_json.code == 3);
  CHECK(as_json.error == problem + "\n");
}

TEST_CASE("a refusal without a problem document still says its status", "[cli]") {
  fake_node node([](const received&) { return canned{502, "<html>bad gateway", {"Retry-After: 7"}}; });
  const auto done = run(node.url(), {"queue"});
  CHECK(done.code == 3);
  CHECK(done.error.find("502") != std::string::npos);
  CHECK(done.error.find("try again in 7 s") != std::string::npos);
}

TEST_CASE("an unauthenticated call says where a key can come from", "[cli]") {
  fake_node node([](const received&) { return canned{401, R"({"code":"UNAUTHENTICATED","detail":"no key"})", {}}; });
  const auto done = run_with({}, {"--server", node.url(), "queue"});
  CHECK(done.code == 3);
  CHECK(done.error.find("--key-file") != std::string::npos);
}

TEST_CASE("an answer that is not JSON is a failure that asks whether this is a node", "[cli]") {
  fake_node node([](const received&) { return canned{200, "<html>hello"}; });
  const auto done = run(node.url(), {"queue"});
  CHECK(done.code == 1);
  CHECK(done.error.find("Waybill node") != std::string::npos);
}

TEST_CASE("the key is in no output, whatever goes wrong", "[cli]") {
  fake_node node([](const received&) { return canned{403, R"({"code":"FORBIDDEN"})", {}}; });
  for (const auto& url : {node.url(), std::string{"http://127.0.0.1:1"}, std::string{"ftp://x"}}) {
    const auto done = run(url, {"deliver", "-", "--json"}, "1");
    CHECK(done.code != 0);
    CHECK((done.out + done.error).find("secret") == std::string::npos);
  }
  CHECK(run(node.url(), {"--help"}).out.find("wbk_test") == std::string::npos);
}

TEST_CASE("a redirect is not followed, so the key stays with the server that was named", "[cli]") {
  fake_node other(queue);
  fake_node node([&](const received&) { return canned{302, "", {"Location: " + other.url()}}; });
  CHECK(run(node.url(), {"queue"}).code == 3);
  CHECK(other.requests().empty());
}

}  // namespace waybill::cli::testing
