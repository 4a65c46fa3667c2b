// SPDX-License-Identifier: Apache-2.0
#include "node/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include "node/version.hpp"

namespace waybill::node {
namespace {

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

std::optional<std::string> environment_value(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace

command_line read_command_line(int argc, char** argv) {
  CLI::App app{"waybilld: a node of the Waybill delivery engine", "waybilld"};
  std::string config, data, listen, store, plugins;
  bool check = false;
  bool print = false;
  app.add_option("--config", config, "TOML file with the settings");
  app.add_option("--data", data, "Data folder (default ./data)");
  app.add_option("--listen", listen, "ADDRESS:PORT of the REST surface (default 127.0.0.1:8080)");
  app.add_option("--store", store, "Store, sqlite://PATH or postgresql://… (default sqlite://DATA/waybill.db)");
  app.add_option("--plugins", plugins, "Folder of the handler plugins");
  app.add_flag("--check-config", check, "Check the settings, say what is wrong, and end");
  app.add_flag("--print-config", print, "Print the settings in force, and end");
  app.set_version_flag("--version", std::string("waybilld ") + version);

  command_line line;
  auto* backup = app.add_subcommand("backup", "Write everything in the store to FILE; a node may be running on it");
  auto* restore = app.add_subcommand("restore", "Make an empty store of what `backup` wrote to FILE");
  auto* migrate = app.add_subcommand("migrate", "Carry everything of one store over into another, empty one");
  for (auto* command : {backup, restore}) command->add_option("file", line.file, "The backup")->required();
  migrate->add_option("--from", line.from, "URL, or `sqlite` for the file in the data folder")->required();
  migrate->add_option("--to", line.to, "URL, or `postgres` for the store that the settings name")->required();
  for (auto* command : {backup, restore, migrate}) command->fallthrough();
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    line.what = purpose::done;
    line.exit_code = app.exit(e) == 0 ? 0 : 2;
    return line;
  }
  if (check) line.what = purpose::check_config;
  if (print) line.what = purpose::print_config;
  if (*backup) line.what = purpose::backup;
  if (*restore) line.what = purpose::restore;
  if (*migrate) line.what = purpose::migrate;
  if (!config.empty()) line.sources.file = config;
  line.sources.environment = environment_value;
  line.sources.environment_names = environment_names();
  const std::pair<const char*, const std::string&> given[] = {
      {"dataDir", data}, {"server.listen", listen}, {"store.url", store}, {"pluginsDir", plugins}};
  for (const auto& [key, value] : given)
    if (!value.empty()) line.sources.overrides.emplace_back(key, value);
  return line;
}

}  // namespace waybill::node
