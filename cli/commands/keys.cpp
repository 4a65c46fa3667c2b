// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "cli/commands/destination_commands.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

std::string roles_of(const json& key) {
  const auto roles = key.find("roles");
  if (roles == key.end() || !roles->is_array()) return {};
  std::string text;
  for (const auto& role : *roles)
    if (role.is_string()) text += (text.empty() ? "" : ", ") + role.get<std::string>();
  return text;
}

/// A list as a table of the members named by `columns` ("HEAD", member).
outcome<exit_code> list(context& where, const std::string& path,
                        const std::vector<std::pair<std::string, std::string>>& columns) {
  std::vector<std::string> head;
  for (const auto& column : columns) head.push_back(column.first);
  table rows(where.screen, head);
  const auto done = where.rest.each(path, {}, 0, [&](const json& item) {
    if (where.options.json) {
      print_json(item);
      return std::cout.good();
    }
    std::vector<std::string> row;
    for (const auto& column : columns) row.push_back(column.second == "roles" ? roles_of(item) : text_of(item, column.second));
    rows.add(std::move(row));
    return true;
  });
  if (!done) return tl::unexpected<failure>(done.error());
  if (!where.options.json) rows.print(std::cout);
  return exit_code::ok;
}

struct key_options {
  std::string id, name, expires_at;
  std::vector<std::string> roles, destinations, ip_ranges;
};

outcome<exit_code> create_key(context& where, const key_options& o) {
  auto body = json{{"name", o.name}, {"roles", o.roles}};
  if (!o.destinations.empty()) body["destinations"] = o.destinations;
  if (!o.ip_ranges.empty()) body["allowedIpRanges"] = o.ip_ranges;
  if (!o.expires_at.empty()) body["expiresAt"] = o.expires_at;
  const auto answer = where.rest.send("POST", "/v1/keys", body.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!answer) return tl::unexpected<failure>(answer.error());
  print_resource(where, answer->value);
  if (!where.options.json) std::cerr << "The key is shown this once and cannot be read again.\n";
  return exit_code::ok;
}

void add_key_create(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("create", "make a key; it is shown this once");
  auto o = std::make_shared<key_options>();
  command->add_option("NAME", o->name, "what it is for")->required();
  command->add_option("--role", o->roles, "what it may do; once or several times")
      ->check(CLI::IsMember({"admin", "operator", "producer", "viewer", "auditor"}))
      ->required()
      ->allow_extra_args(false);
  command->add_option("--destination", o->destinations, "only for this destination; once or several times")
      ->allow_extra_args(false);
  command->add_option("--allow-ip", o->ip_ranges, "only from this range, such as 10.0.0.0/8; once or several times")
      ->allow_extra_args(false);
  command->add_option("--expires-at", o->expires_at, "until then, as 2026-01-31T09:15:00Z");
  command->callback([o, &chosen] { chosen = [o](context& where) { return create_key(where, *o); }; });
}

void add_key_revoke(CLI::App& parent, action& chosen) {
  auto* command = parent.add_subcommand("revoke", "a key is refused from now on");
  auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "key id (key_…)")->required();
  command->callback([id, &chosen] {
    chosen = [id](context& where) -> outcome<exit_code> {
      const auto answer = where.rest.send("DELETE", "/v1/keys/" + url_encoded(*id));
      if (!answer) return tl::unexpected<failure>(answer.error());
      if (!where.options.json) std::cout << printable(*id) << " is revoked\n";
      return exit_code::ok;
    };
  });
}

}  // namespace

void add_keys(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("keys", "API keys of the organization");
  command->require_subcommand(1);
  command->add_subcommand("list", "every key, without its secret")->callback([&chosen] {
    chosen = [](context& where) {
      return list(where, "/v1/keys",
                  {{"ID", "id"},
                   {"NAME", "name"},
                   {"ROLES", "roles"},
                   {"EXPIRES", "expiresAt"},
                   {"LAST USED", "lastUsedAt"},
                   {"REVOKED", "revokedAt"}});
    };
  });
  add_key_create(*command, chosen);
  add_key_revoke(*command, chosen);
}

void add_organizations(CLI::App& app, action& chosen) {
  auto* command = app.add_subcommand("organizations", "the node's organizations (operator key)");
  command->require_subcommand(1);
  command->add_subcommand("list", "every organization")->callback([&chosen] {
    chosen = [](context& where) {
      return list(where, "/v1/organizations", {{"ID", "id"}, {"NAME", "name"}, {"CREATED", "createdAt"}});
    };
  });
  auto* create = command->add_subcommand("create", "make an organization");
  auto name = std::make_shared<std::string>();
  create->add_option("NAME", *name)->required();
  create->callback([name, &chosen] {
    chosen = [name](context& where) -> outcome<exit_code> {
      const auto answer = where.rest.send("POST", "/v1/organizations",
                                          json{{"name", *name}}.dump(-1, ' ', false, json::error_handler_t::replace));
      if (!answer) return tl::unexpected<failure>(answer.error());
      print_resource(where, answer->value);
      return exit_code::ok;
    };
  });
}

}  // namespace waybill::cli
