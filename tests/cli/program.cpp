// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace waybill::cli::testing {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// In the child. Nothing but async-signal-safe calls, as the test has threads: the lists were made before the fork.
[[noreturn]] void become(const char* folder, char* const* arguments, char* const* environment) {
  if (chdir(folder) != 0) _exit(126);
  std::signal(SIGPIPE, SIG_DFL);
  execve(WAYBILL_PROGRAM, arguments, environment);
  _exit(127);
}

std::vector<std::string> environment_of(const std::map<std::string, std::string>& given) {
  std::vector<std::string> list{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  if (given.count("TERM") == 0) list.emplace_back("TERM=xterm");
  for (const auto& [name, value] : given) list.push_back(name + '=' + value);
  return list;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Reads both until both are at their end.
void drain(int out, int error, finished& into) {
  pollfd files[] = {{out, POLLIN, 0}, {error, POLLIN, 0}};
  char block[4096];
  while (files[0].fd >= 0 || files[1].fd >= 0) {
    if (poll(files, 2, -1) < 0) continue;
    for (auto& file : files) {
      if (file.fd < 0 || file.revents == 0) continue;
      const auto got = read(file.fd, block, sizeof block);
      if (got > 0) (file.fd == out ? into.out : into.error).append(block, static_cast<std::size_t>(got));
      if (got <= 0) file.fd = -1;
    }
  }
}

}  // namespace

finished run(const start_options& options) {
  auto arguments = options.arguments;
  arguments.insert(arguments.begin(), "waybill");
  auto environment = environment_of(options.environment);
  const auto argument_list = pointers(arguments), environment_list = pointers(environment);
  int in[2], out[2], error[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0) std::abort();
  const auto child = fork();
  if (child == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(error[1], 2);
    become(options.folder.c_str(), argument_list.data(), environment_list.data());
  }
  for (const int file : {in[0], out[1], error[1]}) close(file);
  // Inputs here are below a pipe's 64 KiB, so this cannot wait for a reader that waits for us. A program that ended without
  // reading is no error.
  std::signal(SIGPIPE, SIG_IGN);
  [[maybe_unused]] const auto written = write(in[1], options.input.data(), options.input.size());
  close(in[1]);
  finished result;
  drain(out[0], error[0], result);
  close(out[0]);
  close(error[0]);
  result.code = wait_for(child);
  return result;
}

finished run(const std::string& server, std::vector<std::string> arguments, const std::string& input) {
  start_options options;
  options.arguments = std::move(arguments);
  options.environment = {{"WAYBILL_URL", server}, {"WAYBILL_KEY", "wbk_test_secret"}};
  options.input = input;
  return run(options);
}

finished run_on_terminal(const std::string& server, std::vector<std::string> arguments, const std::string& typed,
                         std::map<std::string, std::string> environment) {
  arguments.insert(arguments.begin(), "waybill");
  environment["WAYBILL_URL"] = server;
  environment["WAYBILL_KEY"] = "wbk_test_secret";
  auto variables = environment_of(environment);
  const auto argument_list = pointers(arguments), environment_list = pointers(variables);
  winsize size{};
  size.ws_row = 24;
  size.ws_col = 80;
  int screen = -1;
  const auto child = forkpty(&screen, nullptr, nullptr, &size);
  if (child == 0) become("/", argument_list.data(), environment_list.data());
  if (!typed.empty() && write(screen, typed.data(), typed.size()) < 0) std::abort();
  finished result;
  char block[4096];
  // The terminal's end reads as an error (EIO) on Linux.
  for (ssize_t got = 0; (got = read(screen, block, sizeof block)) > 0;) result.out.append(block, static_cast<std::size_t>(got));
  result.code = wait_for(child);
  close(screen);
  return result;
}

scratch_folder::scratch_folder() {
  auto name = (std::filesystem::temp_directory_path() / "waybill-cli-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string scratch_folder::file(const std::string& name, const std::string& content) const {
  auto path = path_ + '/' + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

}  // namespace waybill::cli::testing
