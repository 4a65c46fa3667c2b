// SPDX-License-Identifier: Apache-2.0
#include "sdk/check/config_variants.hpp"

#include <algorithm>
#include <utility>

namespace waybill::sdk::check {
namespace {

using json = nlohmann::json;
using pointer = json::json_pointer;

constexpr std::size_t shortest_secret = 6;
constexpr std::size_t max_depth = 16;

void collect_members(const json& schema, const pointer& at, std::size_t depth, std::vector<schema_member>& out) {
  if (!schema.is_object() || depth > max_depth) return;
  if (const auto properties = schema.find("properties"); properties != schema.end() && properties->is_object())
    for (const auto& [name, member] : properties->items()) {
      out.push_back({at / name, member});
      collect_members(member, at / name, depth + 1, out);
    }
  for (const auto* keyword : {"allOf", "anyOf", "oneOf"})
    if (const auto branches = schema.find(keyword); branches != schema.end() && branches->is_array())
      for (const auto& branch : *branches) collect_members(branch, at, depth + 1, out);
  for (const auto* keyword : {"then", "else"})
    if (const auto branch = schema.find(keyword); branch != schema.end()) collect_members(*branch, at, depth + 1, out);
}

/// Values that are of the right type and often of no use.
json::array_t doubtful_values(const json& now) {
  if (now.is_string())
    return {"", " ", "x", "://", "http://", "ftp://example.com/", "no such thing", "../../etc/passwd", "a\r\nb: c", "{{", "@"};
  if (now.is_number_integer()) return {0, -1, 1, 1'000'000'000};
  if (now.is_number()) return {0.0, -1.5, 1e9};
  if (now.is_boolean()) return {!now.get<bool>()};
  if (now.is_array()) return {json::array()};
  if (now.is_object()) return {json::object()};
  return {};
}

void collect_texts(const json& value, std::vector<std::string>& out) {
  if (value.is_string() && value.get_ref<const std::string&>().size() >= shortest_secret) out.push_back(value);
  if (value.is_structured())
    for (const auto& member : value) collect_texts(member, out);
}

}  // namespace

std::vector<schema_member> members_of(const json& schema) {
  std::vector<schema_member> out;
  collect_members(schema, pointer{}, 0, out);
  return out;
}

std::vector<variant> variants_of(const json& schema, const json& config) {
  std::vector<variant> out;
  for (const auto& member : members_of(schema)) {
    if (!config.contains(member.at)) continue;
    for (auto& value : doubtful_values(config.at(member.at))) out.push_back({member.at, std::move(value), false});
    out.push_back({member.at, {}, true});
  }
  return out;
}

json with_change(json config, const variant& change) {
  if (!config.contains(change.at)) return config;
  if (change.is_removal) {
    config.at(change.at.parent_pointer()).erase(change.at.back());
  } else {
    config[change.at] = change.value;
  }
  return config;
}

std::vector<std::string> secrets_of(const json& schema, const json& config) {
  std::vector<std::string> out;
  for (const auto& member : members_of(schema))
    if (member.schema.is_object() && member.schema.value("x-secret", false) && config.contains(member.at))
      collect_texts(config.at(member.at), out);
  return out;
}

bool redirect(json& config, std::string_view assignment) {
  const auto equals = assignment.find('=');
  if (equals == std::string_view::npos) return false;
  try {
    const pointer at{std::string{assignment.substr(0, equals)}};
    if (at.empty()) return false;
    const std::string text{assignment.substr(equals + 1)};
    auto value = json::parse(text, nullptr, /*allow_exceptions=*/false);
    config[at] = value.is_discarded() ? json(text) : std::move(value);
    return true;
  } catch (const json::exception&) {  // no pointer, or one through a value that has no members
    return false;
  }
}

}  // namespace waybill::sdk::check
