// SPDX-License-Identifier: Apache-2.0
#include "core/config/config_printer.hpp"

#include <string_view>

#include "core/config/config.hpp"
#include "core/config/setting.hpp"

#include <fmt/format.h>

namespace waybill::core {
namespace {

constexpr std::string_view mask = "••••";

// A store's URL may hold a password between the user's name and the host: `postgresql://user:password@host/db`.
std::string without_password(std::string text) {
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  // The last @ before the parameters: a password may hold any character that somebody forgot to encode.
  const auto at = text.rfind('@', text.find('?'));
  const auto colon = text.find(':', scheme + 3);
  if (at != std::string::npos && at > scheme && colon != std::string::npos && colon < at)
    text.replace(colon + 1, at - colon - 1, mask);
  // …or in a parameter: password, sslpassword.
  constexpr std::string_view name = "password=";
  for (auto found = text.find(name); found != std::string::npos; found = text.find(name, found)) {
    found += name.size();
    text.replace(found, text.find('&', found) - found, mask);
  }
  return text;
}

struct shown_value {
  std::string text;
  bool whole = true;  ///< nothing of it was masked
};

shown_value show(const setting& s, const config& settings) {
  const auto value = s.get(settings);
  const auto* text = std::get_if<std::string>(&value);
  if (!text || text->empty()) return {to_toml(value)};
  const auto safe = s.secret ? std::string{mask} : without_password(*text);
  return {to_toml(safe), safe == *text};
}

// A masked value would be taken for the value itself when the text is read back, so its line is a comment.
std::string line_of(const setting& s, const config& settings, const config& defaults) {
  const auto shown = show(s, settings);
  return fmt::format("{}{} = {}  # default {}. {}\n", shown.whole ? "" : "# ", s.name(), shown.text, to_toml(s.get(defaults)),
                     s.help);
}

}  // namespace

std::string print_config(const config& settings) {
  const config defaults;
  std::string out;
  std::string_view table;
  for (const auto& s : all_settings()) {
    if (s.table() != table) out += fmt::format("\n[{}]\n", table = s.table());
    out += line_of(s, settings, defaults);
  }
  return out;
}

std::string settings_reference() {
  const config defaults;
  std::string out = "| key | default | value | variables | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& s : all_settings()) {
    auto variables = fmt::format("`{}`", s.variable());
    for (const auto seed : s.seed_names) variables += fmt::format(" `{}`", seed);
    out += fmt::format("| `{}` | `{}` | {} | {} | {} |\n", s.key, to_toml(s.get(defaults)), s.expectation(), variables, s.help);
  }
  return out;
}

}  // namespace waybill::core
