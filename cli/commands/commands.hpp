// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "cli/failure.hpp"
#include "cli/rest_client.hpp"
#include "cli/settings.hpp"
#include "cli/terminal.hpp"

namespace CLI {
class App;
}

namespace waybill::cli {

/// What a command works with. Made by main once the command line is read.
struct context {
  const settings& options;
  const terminal& screen;
  rest_client& rest;
};

using action = std::function<outcome<exit_code>(context&)>;

/// Every function adds one command with its options to `app` and, when that command was chosen, puts what it does into
/// `chosen`, which main runs once all options are known.
void add_deliver(CLI::App& app, action& chosen);
void add_status(CLI::App& app, action& chosen);
void add_tail(CLI::App& app, action& chosen);
void add_destinations(CLI::App& app, action& chosen);
void add_dead_letters(CLI::App& app, action& chosen);
void add_jobs(CLI::App& app, action& chosen);
void add_types(CLI::App& app, action& chosen);
void add_queue(CLI::App& app, action& chosen);
void add_keys(CLI::App& app, action& chosen);
void add_organizations(CLI::App& app, action& chosen);
void add_audit(CLI::App& app, action& chosen);
void add_erase(CLI::App& app, action& chosen);
void add_legal_holds(CLI::App& app, action& chosen);

/// Writes a node's answer as one JSON line.
void print_json(const json& value);
/// `2026-01-31T09:15:00.123Z` as it is; `-` for what is not there.
[[nodiscard]] std::string or_dash(std::string text);

}  // namespace waybill::cli
