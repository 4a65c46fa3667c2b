// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/telemetry/log.hpp"
#include "sdk/check/config_variants.hpp"
#include "sdk/check/isolated_run.hpp"

namespace {

using waybill::sdk::check::options;

constexpr int exit_good = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

struct arguments {
  std::string library;
  std::string config_file;
  std::vector<std::string> targets;
  std::size_t deliveries = 32;
  std::int64_t patience_ms = 10'000;
  bool is_live = false;
  bool is_json = false;
  bool is_verbose = false;
};

void describe(CLI::App& app, arguments& a) {
  app.add_option("plugin", a.library, "The plugin: a shared library")->required();
  app.add_option("--config,-c", a.config_file, "A JSON file with a configuration the plugin should accept, secrets in clear")
      ->required();
  app.add_flag("--live,-l", a.is_live, "The configuration leads to a live peer: deliveries must succeed");
  app.add_option(
      "--target,-t", a.targets,
      "/pointer=value: replaces a member of the configuration so that it leads to a live peer; as --live otherwise. May be "
      "given several times");
  app.add_option("--deliveries,-n", a.deliveries, "Deliveries of the check with many threads")
      ->capture_default_str()
      ->check(CLI::Range(4, 100'000));
  app.add_option("--patience", a.patience_ms, "Deadline of an ordinary call, ms")
      ->capture_default_str()
      ->check(CLI::Range(100, 600'000));
  app.add_flag("--json", a.is_json, "Report as JSON");
  app.add_flag("--verbose,-v", a.is_verbose, "Show what the plugin logs");
}

int wrong(const std::string& text) {
  std::cerr << "waybill-plugin-check: " << text << "\n";
  return exit_usage;
}

std::optional<nlohmann::json> read_config(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto config = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) return std::nullopt;
  return config;
}

int check(const arguments& a) {
  options settings;
  settings.library = a.library;
  settings.deliveries = a.deliveries;
  settings.patience = std::chrono::milliseconds{a.patience_ms};
  settings.has_target = a.is_live || !a.targets.empty();
  auto config = read_config(a.config_file);
  if (!config) return wrong(a.config_file + " is not a file with a JSON object");
  for (const auto& target : a.targets)
    if (!waybill::sdk::check::redirect(*config, target))
      return wrong("--target " + target + " is not of the form /pointer=value");
  settings.config = std::move(*config);
  (void)waybill::core::set_up_logging(a.is_verbose ? "debug" : "error", "text");
  // The longest a check may be silent: two calls and a drain, one after the other.
  const auto result = waybill::sdk::check::run_isolated(settings, settings.patience * 5 + std::chrono::seconds{30});
  if (!result) return wrong(result.error().message);
  if (a.is_json)
    std::cout << to_json(*result).dump(2) << "\n";
  else
    std::cout << to_text(*result);
  return result->is_good() ? exit_good : exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  arguments a;
  CLI::App app{"Loads a plugin as the engine would and checks that it keeps what waybill/plugin.h asks of it.",
               "waybill-plugin-check"};
  describe(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_good : exit_usage;
  }
  return check(a);
}
