// SPDX-License-Identifier: Apache-2.0
// The command line of Waybill. README.md in this folder is the contract for exit codes and --json.

#include <csignal>
#include <exception>
#include <iostream>

#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {

void print_json(const json& value) { std::cout << value.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl; }

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

namespace {

void add_commands(CLI::App& app, action& chosen) {
  add_deliver(app, chosen);
  add_status(app, chosen);
  add_tail(app, chosen);
  add_destinations(app, chosen);
  add_dead_letters(app, chosen);
  add_jobs(app, chosen);
  add_types(app, chosen);
  add_queue(app, chosen);
  add_keys(app, chosen);
  add_organizations(app, chosen);
  add_audit(app, chosen);
  add_erase(app, chosen);
  add_legal_holds(app, chosen);
  app.require_subcommand(1);
}

int report(const failure& why, const settings& options) {
  if (options.json && !why.problem.empty()) {
    std::cerr << why.problem << '\n';
  } else {
    // Line by line: the breaks are ours, what stands between them may come from the node.
    for (std::size_t from = 0; from <= why.text.size();) {
      const auto end = std::min(why.text.find('\n', from), why.text.size());
      std::cerr << (from == 0 ? "waybill: " : "") << printable(std::string_view{why.text}.substr(from, end - from)) << '\n';
      from = end + 1;
    }
  }
  return static_cast<int>(why.code);
}

int run(int argc, char** argv) {
  CLI::App app{"Talks to a Waybill node: delivers files, shows what became of them, looks after destinations.", "waybill"};
  app.set_version_flag("--version", WAYBILL_VERSION);
  app.fallthrough();
  settings options;
  options.add_to(app);
  action chosen;
  add_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : static_cast<int>(exit_code::usage);
  }
  const terminal screen(options.no_color);
  if (const auto complete = options.complete(); !complete) return report(complete.error(), options);
  rest_client rest(options);
  context where{options, screen, rest};
  const auto done = chosen(where);
  return done ? static_cast<int>(*done) : report(done.error(), options);
}

}  // namespace
}  // namespace waybill::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // `waybill tail | head` ends by a failed write, not by a signal in the middle of a line
  curl_global_init(CURL_GLOBAL_DEFAULT);
  int code = static_cast<int>(waybill::cli::exit_code::failed);
  try {
    code = waybill::cli::run(argc, argv);
  } catch (const std::exception& problem) {  // out of memory, a standard stream that failed
    std::cerr << "waybill: " << problem.what() << '\n';
  }
  curl_global_cleanup();
  return code;
}
