// SPDX-License-Identifier: Apache-2.0
#include "cli/json_edit.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace waybill::cli {

outcome<void> assign(json& target, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos)
    return fail(exit_code::usage, "--set: expected member.member=value, got '" + assignment + "'");
  const auto path = assignment.substr(0, equals), text = assignment.substr(equals + 1);
  auto* place = &target;
  for (std::size_t from = 0; from <= path.size();) {
    const auto dot = std::min(path.find('.', from), path.size());
    const auto name = path.substr(from, dot - from);
    if (name.empty()) return fail(exit_code::usage, "--set: an empty name in '" + path + "'");
    if (place->is_null()) *place = json::object();
    if (!place->is_object())
      return fail(exit_code::usage, "--set: '" + path + "' leads through something that is not an object");
    place = &(*place)[name];
    from = dot + 1;
  }
  auto value = json::parse(text, nullptr, false);
  *place = value.is_discarded() ? json(text) : std::move(value);
  return {};
}

outcome<json> object_of_strings(const std::vector<std::string>& pairs, const std::string& option) {
  auto object = json::object();
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(exit_code::usage, option + ": expected name=value, got '" + pair + "'");
    object[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return object;
}

outcome<std::string> read_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(exit_code::failed, "cannot read '" + path + "': " + std::strerror(errno));
  text << file.rdbuf();
  if (file.bad() || text.fail()) {
    // A file of no bytes sets failbit on the target as well, and is no error here.
    if (file.bad() || file.peek() != std::ifstream::traits_type::eof())
      return fail(exit_code::failed, "cannot read '" + path + "'");
  }
  return text.str();
}

outcome<json> read_object(const std::string& path) {
  if (path.empty()) return json::object();
  auto text = read_file(path);
  if (!text) return tl::unexpected<failure>(text.error());
  auto value = json::parse(*text, nullptr, false);
  if (!value.is_object()) return fail(exit_code::failed, "'" + path + "' does not hold a JSON object");
  return value;
}

}  // namespace waybill::cli
