// SPDX-License-Identifier: Apache-2.0
// waybilld: reads the settings, starts a node, waits for signals. SIGTERM and SIGINT drain and end with 0; SIGHUP reads the
// settings again and applies what can change at run time (log level and format).
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <iostream>
#include <string>

#include "core/config/config.hpp"
#include "core/telemetry/log.hpp"
#include "node/command_line.hpp"
#include "node/maintenance.hpp"
#include "node/node.hpp"
#include "node/version.hpp"

namespace {

using namespace waybill;

constexpr int exit_failed = 1;
constexpr int exit_bad_settings = 2;

void complain(const core::error& error) {
  std::cerr << "waybilld: " << error.message << "\n";
  for (const auto& fault : error.fields) std::cerr << "  " << fault.pointer << ": " << fault.message << "\n";
}

/// Every connection of a client and to a destination takes a file descriptor; the usual soft limit of 1024 is too few.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void reload(const core::config_sources& sources) {
  auto settings = core::load_config(sources);
  if (!settings) {
    core::log(core::log_level::error, "config.not_reloaded", "The settings are not valid; the old ones stay in force",
              {{"reason", settings.error().message}});
    return complain(settings.error());
  }
  if (auto done = core::set_up_logging(settings->log.level, settings->log.format); !done) return complain(done.error());
  core::log(core::log_level::info, "config.reloaded", "The log settings were read again; all others need a restart");
}

/// Backup, restore, migrate: what they did, or why not.
int maintain(const core::config& settings, const node::command_line& line) {
  // A full disk or a limit of the file's size is an error of the write, to be said and cleaned up after.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  auto done = line.what == node::purpose::backup    ? node::back_up(settings, line.file)
              : line.what == node::purpose::restore ? node::restore(settings, line.file)
                                                    : node::move_store(settings, line.from, line.to);
  if (!done) {
    complain(done.error());
    return exit_failed;
  }
  std::cout << *done << "\n";
  return 0;
}

int serve(core::config settings, const core::config_sources& sources) {
  // Blocked before the first thread starts, so that only sigwait below receives them.
  sigset_t signals;
  ::sigemptyset(&signals);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, number);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();

  auto started = node::node::start(std::move(settings));
  if (!started) {
    complain(started.error());
    return exit_failed;
  }
  auto& running = **started;
  std::cout << "waybilld " << node::version << " listening on http://" << running.address() << "\n";
  if (std::filesystem::exists(running.operator_key_path()))
    std::cout << "operator key: " << running.operator_key_path() << "\n";
  std::cout << std::flush;
  for (;;) {
    int number = 0;
    ::sigwait(&signals, &number);
    if (number == SIGHUP) {
      reload(sources);
      continue;
    }
    core::log(core::log_level::info, "node.stopping", "Draining");
    running.stop();
    return 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = node::read_command_line(argc, argv);
  if (line.what == node::purpose::done) return line.exit_code;
  auto settings = core::load_config(line.sources);
  if (!settings) {
    complain(settings.error());
    return exit_bad_settings;
  }
  if (line.what == node::purpose::print_config) {
    std::cout << core::print_config(*settings);
    return 0;
  }
  if (line.what == node::purpose::check_config) {
    std::cout << "the settings are valid\n";
    return 0;
  }
  if (auto done = core::set_up_logging(settings->log.level, settings->log.format); !done) {
    complain(done.error());
    return exit_bad_settings;
  }
  if (line.what != node::purpose::serve) return maintain(*settings, line);
  return serve(*std::move(settings), line.sources);
}
