// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "cli/commands/destination_commands.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

std::string words(const json& object, const char* name) {
  const auto list = object.find(name);
  if (list == object.end() || !list->is_array()) return {};
  std::string text;
  for (const auto& word : *list)
    if (word.is_string()) text += (text.empty() ? "" : ", ") + word.get<std::string>();
  return text;
}

outcome<exit_code> show_queue(context& where) {
  const auto answer = where.rest.get("/v1/queue");
  if (!answer) return tl::unexpected<failure>(answer.error());
  print_resource(where, answer->value);
  return exit_code::ok;
}

/// The list has no pages: a node has as many types as plugins.
outcome<exit_code> show_types(context& where) {
  const auto answer = where.rest.get("/v1/destination-types");
  if (!answer) return tl::unexpected<failure>(answer.error());
  table rows(where.screen, {"TYPE", "VERSION", "TITLE", "FEATURES"});
  const auto list = answer->value.find("data");
  if (list == answer->value.end() || !list->is_array()) return fail(exit_code::failed, "the answer is not a list of types");
  for (const auto& type : *list) {
    if (where.options.json) print_json(type);
    rows.add({text_of(type, "type"), text_of(type, "version"), text_of(type, "title"), words(type, "features")});
  }
  if (!where.options.json) rows.print(std::cout);
  return exit_code::ok;
}

}  // namespace

void add_types(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("types", "kinds of destination that the node's plugins know; --json has the schemas");
  command->callback([&chosen] { chosen = show_types; });
}

void add_queue(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("queue", "what waits to be delivered");
  command->callback([&chosen] { chosen = show_queue; });
}

}  // namespace waybill::cli
