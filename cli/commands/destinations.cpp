// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "cli/commands/destination_commands.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

struct list_options {
  std::string type, label, tag, health, state;
  std::size_t limit = 0;
};

outcome<exit_code> list(context& where, const list_options& o) {
  query q;
  for (const auto& [name, value] :
       query{{"type", o.type}, {"label", o.label}, {"tag", o.tag}, {"health", o.health}, {"state", o.state}})
    if (!value.empty()) q.emplace_back(name, value);
  table rows(where.screen, {"ID", "TYPE", "STATE", "LABEL", "UPDATED"});
  const auto done = where.rest.each("/v1/destinations", q, o.limit, [&](const json& d) {
    if (where.options.json) {
      print_json(d);
    } else {
      rows.add({text_of(d, "id"), text_of(d, "type"), text_of(d, "state"), text_of(d, "label"), text_of(d, "updatedAt")});
    }
    return std::cout.good();
  });
  if (!done) return tl::unexpected<failure>(done.error());
  if (!where.options.json) rows.print(std::cout);
  return exit_code::ok;
}

void add_list(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("list", "every destination, or those that fit");
  auto o = std::make_shared<list_options>();
  command->add_option("--type", o->type);
  command->add_option("--label", o->label, "part of the label");
  command->add_option("--tag", o->tag);
  command->add_option("--health", o->health)->check(CLI::IsMember({"healthy", "degraded", "unhealthy", "disabled"}));
  command->add_option("--state", o->state)->check(CLI::IsMember({"enabled", "disabled"}));
  command->add_option("--limit", o->limit, "at most that many");
  command->callback([o, &chosen] { chosen = [o](context& where) { return list(where, *o); }; });
}

/// A command that is one GET below a destination.
void add_view(CLI::App& parent, action& chosen, const char* name, const char* about, std::string below) {
  auto* command = parent.add_subcommand(name, about);
  auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "destination id (dst_…)")->required();
  command->callback([id, below = std::move(below), &chosen] {
    chosen = [id, below](context& where) -> outcome<exit_code> {
      const auto answer = where.rest.get(destination_path(*id) + below);
      if (!answer) return tl::unexpected<failure>(answer.error());
      print_resource(where, answer->value);
      return exit_code::ok;
    };
  });
}

void print_members(std::ostream& out, const terminal& screen, const json& object, const std::string& indent) {
  for (const auto& [name, value] : object.items()) {
    out << indent << screen.paint(color::dim, printable(name)) << ": ";
    if (value.is_object() && !value.empty()) {
      out << '\n';
      print_members(out, screen, value, indent + "  ");
    } else {
      const auto text = printable(text_of(object, name));
      const bool is_status = name == "state" || name == "status" || name == "health";
      out << (is_status ? screen.paint_status(text) : or_dash(text)) << '\n';
    }
  }
}

}  // namespace

std::string destination_path(const std::string& id) { return "/v1/destinations/" + url_encoded(id); }

void print_resource(context& where, const json& value) {
  if (where.options.json) return print_json(value);
  const bool is_list = value.is_object() && value.contains("data") && value["data"].is_array();
  if (!is_list) return print_members(std::cout, where.screen, value, "");
  for (const auto& item : value["data"]) {
    print_members(std::cout, where.screen, item, "");
    std::cout << '\n';
  }
}

void add_destinations(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("destinations", "where deliveries go");
  command->require_subcommand(1);
  add_list(*command, chosen);
  add_view(*command, chosen, "show", "one destination; secret fields are not shown", "");
  add_view(*command, chosen, "health", "success rate, breaker, response times", "/health");
  add_view(*command, chosen, "queue", "what waits for it", "/queue");
  add_view(*command, chosen, "secrets", "its signing secrets, without the secrets themselves", "/secrets");
  add_destination_changes(*command, chosen);
}

}  // namespace waybill::cli
