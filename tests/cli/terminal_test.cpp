// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_node.hpp"
#include "tests/cli/program.hpp"

#include <catch2/catch.hpp>

namespace waybill::cli::testing {
namespace {

constexpr const char* green = "\x1b[32m";

canned completed(const received&) { return {200, R"({"deliveryId":"dlv_1","status":"completed","destinations":[]})", {}}; }

}  // namespace

TEST_CASE("colours are for terminals only", "[cli]") {
  fake_node node(completed);
  CHECK(run_on_terminal(node.url(), {"status", "dlv_1"}).out.find(green) != std::string::npos);
  CHECK(run(node.url(), {"status", "dlv_1"}).out.find('\x1b') == std::string::npos);
}

TEST_CASE("NO_COLOR, --no-color and a dumb terminal turn colours off", "[cli]") {
  fake_node node(completed);
  CHECK(run_on_terminal(node.url(), {"status", "dlv_1"}, "", {{"NO_COLOR", "1"}}).out.find('\x1b') == std::string::npos);
  CHECK(run_on_terminal(node.url(), {"status", "dlv_1", "--no-color"}).out.find('\x1b') == std::string::npos);
  CHECK(run_on_terminal(node.url(), {"status", "dlv_1"}, "", {{"TERM", "dumb"}}).out.find('\x1b') == std::string::npos);
  // https://no-color.org: an empty value is as none.
  CHECK(run_on_terminal(node.url(), {"status", "dlv_1"}, "", {{"NO_COLOR", ""}}).out.find(green) != std::string::npos);
}

TEST_CASE("many deliveries draw a bar on a terminal and end with the sum", "[cli]") {
  fake_node node([](const received&) { return canned{202, R"({"deliveryId":"dlv_1","status":"queued"})", {}}; });
  const scratch_folder folder;
  std::vector<std::string> arguments{"deliver"};
  for (int i = 0; i < 40; ++i) arguments.push_back(folder.file(std::to_string(i) + ".json", "1"));
  const auto done = run_on_terminal(node.url(), arguments);
  CHECK(done.code == 0);
  CHECK(done.out.find("/40") != std::string::npos);
  CHECK(done.out.find("40 accepted, 0 of them sent before, 0 not accepted") != std::string::npos);
  CHECK(done.out.find("dlv_1") == std::string::npos);
}

}  // namespace waybill::cli::testing
