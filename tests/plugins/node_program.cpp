// SPDX-License-Identifier: Apache-2.0
#include "node_program.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

#include "nginx_server.hpp"

namespace waybill::testing {

struct node_program::running {
  temporary_folder folder;
  std::unique_ptr<child_process> process;
  std::string port;
};

node_program::node_program(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                           const std::string& interpreter)
    : running_(std::make_unique<running>()) {
  std::vector<std::string> command{interpreter};
  command.insert(command.end(), arguments.begin(), arguments.end());
  running_->process = std::make_unique<child_process>(command, running_->folder.path() + "/output", environment);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (running_->port.empty() && std::chrono::steady_clock::now() < limit) {
    const auto text = running_->folder.read("output");
    const auto at = text.find("listening on ");
    if (at != std::string::npos && text.find('\n', at) != std::string::npos)
      running_->port = text.substr(at + 13, text.find('\n', at) - at - 13);
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  INFO(running_->folder.read("output"));
  REQUIRE_FALSE(running_->port.empty());
}

node_program::~node_program() = default;

std::string node_program::url(std::string_view path) const { return "http://127.0.0.1:" + running_->port + std::string{path}; }

}  // namespace waybill::testing
