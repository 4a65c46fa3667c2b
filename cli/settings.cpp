// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.hpp"

#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>

namespace waybill::cli {
namespace {

constexpr const char* default_key_file = "./data/operator.key";

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  text.erase(0, text.find_first_not_of(" \t\r\n"));
  return text;
}

/// A header value must not bring another header along.
bool is_header_safe(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x21 || static_cast<unsigned char>(c) > 0x7E) return false;
  return true;
}

}  // namespace

void settings::add_to(CLI::App& app) {
  app.add_option("--server", server, "address of the node")->envname("WAYBILL_URL")->capture_default_str();
  app.add_option("--key", key, "API key; better kept in a file, as other users can see a command line")->envname("WAYBILL_KEY");
  app.add_option("--key-file", key_file, std::string{"file that holds the API key (default: "} + default_key_file + ")")
      ->envname("WAYBILL_KEY_FILE");
  app.add_option("--organization", organization, "act in this organization (operator key only)")
      ->envname("WAYBILL_ORGANIZATION");
  app.add_option("--ca-file", ca_file, "certificates to trust instead of the system's, PEM")->envname("WAYBILL_CA_FILE");
  app.add_flag("--json", json, "the node's answers as JSON: one object, or one per line for a list");
  app.add_flag("--no-color", no_color, "no colours on a terminal (also: the variable NO_COLOR)");
}

outcome<void> settings::complete() {
  while (!server.empty() && server.back() == '/') server.pop_back();
  if (server.rfind("http://", 0) != 0 && server.rfind("https://", 0) != 0)
    return fail(exit_code::usage, "--server: expected http://… or https://…, got '" + server + "'");
  if (key.empty()) {
    std::ifstream file(key_file.empty() ? default_key_file : key_file.c_str());
    if (!file && !key_file.empty()) return fail(exit_code::usage, "--key-file: cannot read '" + key_file + "'");
    std::ostringstream text;
    if (file) text << file.rdbuf();
    key = text.str();
  }
  key = trimmed(key);
  if (!is_header_safe(key)) return fail(exit_code::usage, "the API key has characters that no key has");
  if (!is_header_safe(organization)) return fail(exit_code::usage, "--organization: not an organization id");
  return {};
}

}  // namespace waybill::cli
