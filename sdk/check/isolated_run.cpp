// SPDX-License-Identifier: Apache-2.0
#include "sdk/check/isolated_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace waybill::sdk::check {
namespace {

using json = nlohmann::json;

/// A line of JSON per event. A pipe that the parent has closed ends the child.
void send(int pipe, const json& event) {
  const auto line = event.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  for (std::size_t at = 0; at < line.size();) {
    const auto n = write(pipe, line.data() + at, line.size() - at);
    if (n > 0)
      at += static_cast<std::size_t>(n);
    else if (errno != EINTR)
      _exit(3);
  }
}

[[noreturn]] void run_child(options settings, int pipe) {
  settings.on_begin = [pipe](const std::string& check) { send(pipe, {{"begin", check}}); };
  settings.on_finding = [pipe](const finding& f) { send(pipe, {{"finding", to_json(f)}}); };
  const auto result = run_suite(settings);
  send(pipe, {{"plugin", result.plugin}});
  std::exit(0);  // with static destructors, as a node ends
}

/// What the parent has heard.
struct hearing {
  report result;
  std::string current = "load";
  bool is_complete = false;
  std::string rest;

  void take_line(const std::string& line) {
    const auto event = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!event.is_object()) return;
    if (event.contains("begin")) current = event.value("begin", "");
    if (event.contains("finding")) result.findings.push_back(finding_from(event["finding"]));
    if (event.contains("plugin")) {
      result.plugin = event.value("plugin", "");
      is_complete = true;
      current = "exit";
    }
  }
  void take(const char* bytes, std::size_t size) {
    rest.append(bytes, size);
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      take_line(rest.substr(0, end));
      rest.erase(0, end + 1);
    }
  }
  void failed(std::string text, std::string advice) {
    result.findings.push_back({current, verdict::failed, std::move(text), std::move(advice)});
  }
};

/// Until the child closes its end. False if it fell silent.
bool listen(int pipe, std::chrono::milliseconds silence, hearing& heard) {
  std::array<char, 16'384> buffer;
  for (;;) {
    pollfd ready{pipe, POLLIN, 0};
    const auto n = poll(&ready, 1, static_cast<int>(silence.count()));
    if (n == 0) return false;
    if (n < 0 && errno == EINTR) continue;
    const auto size = read(pipe, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    heard.take(buffer.data(), static_cast<std::size_t>(size));
  }
}

void judge_end(int status, hearing& heard) {
  constexpr const char* advice = "in a node this ends every delivery under way: run the plugin under a debugger or a sanitizer";
  if (WIFSIGNALED(status))
    heard.failed(fmt::format("the plugin took the process down: {} ({})", strsignal(WTERMSIG(status)), WTERMSIG(status)),
                 advice);
  else if (WEXITSTATUS(status) != 0 || !heard.is_complete)
    heard.failed(fmt::format("the plugin ended the process with exit code {}", WEXITSTATUS(status)), advice);
}

}  // namespace

core::result<report> run_isolated(options settings, std::chrono::milliseconds silence) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return core::fail(core::error_code::internal_error, std::strerror(errno));
  const auto child = fork();
  if (child < 0) return core::fail(core::error_code::internal_error, std::strerror(errno));
  hearing heard;
  heard.result.library = settings.library;
  if (child == 0) {
    close(ends[0]);
    run_child(std::move(settings), ends[1]);
  }
  close(ends[1]);
  const bool is_over = listen(ends[0], silence, heard);
  close(ends[0]);
  if (!is_over) {
    kill(child, SIGKILL);
    heard.failed(fmt::format("the plugin did not let go for {} ms", silence.count()),
                 "a hook that is marked BLOCKS: never has waited");
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (is_over) judge_end(status, heard);
  return std::move(heard.result);
}

}  // namespace waybill::sdk::check
