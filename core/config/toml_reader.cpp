// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "core/config/settings_sink.hpp"
#include "core/model/nearest_name.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

namespace waybill::core {
namespace {

std::optional<setting_value> whole_list(const toml::array& array) {
  std::vector<std::int64_t> out;
  for (const auto& entry : array) {
    const auto* number = entry.as_integer();
    if (!number) return std::nullopt;
    out.push_back(number->get());
  }
  return out;
}

std::optional<setting_value> text_list(const toml::array& array) {
  std::vector<std::string> out;
  for (const auto& entry : array) {
    const auto* text = entry.as_string();
    if (!text) return std::nullopt;
    out.push_back(text->get());
  }
  return out;
}

std::optional<setting_value> value_of(const toml::node& node, setting_kind kind) {
  switch (kind) {
    case setting_kind::text:
      if (const auto* text = node.as_string()) return text->get();
      break;
    case setting_kind::whole:
      if (const auto* number = node.as_integer()) return number->get();
      break;
    case setting_kind::real:
      if (const auto* number = node.as_floating_point()) return number->get();
      if (const auto* number = node.as_integer()) return static_cast<double>(number->get());
      break;
    case setting_kind::boolean:
      if (const auto* yes = node.as_boolean()) return yes->get();
      break;
    case setting_kind::texts:
      if (const auto* array = node.as_array()) return text_list(*array);
      break;
    case setting_kind::wholes:
      if (const auto* array = node.as_array()) return whole_list(*array);
      break;
  }
  return std::nullopt;
}

std::vector<std::string_view> table_names() {
  std::set<std::string_view> names;
  for (const auto& s : all_settings())
    if (!s.table().empty()) names.insert(s.table());
  return {names.begin(), names.end()};
}

bool is_table_name(std::string_view name) {
  for (const auto known : table_names())
    if (known == name) return true;
  return false;
}

// Keys come from outside: not more of them than helps.
std::string dotted(std::string_view table, std::string_view name) {
  std::string key{table};
  if (!table.empty()) key += '.';
  key += name.substr(0, 100);
  return key;
}

// A quoted key may hold a dot of its own, which is not the dot between table and name.
void read_value(std::string_view table, std::string_view name, const toml::node& node, settings_sink& sink) {
  const auto key = dotted(table, name);
  const auto* known = find_setting(key);
  if (!known || known->name() != name) return sink.fault(key, "unknown", "There is no such setting." + hint_for_key(key));
  auto value = value_of(node, known->kind);
  if (!value) return sink.fault(key, "type", known->expectation());
  sink.put(*known, std::move(*value), key);
}

void read_table(std::string_view table, const toml::node& node, settings_sink& sink) {
  const auto* members = node.as_table();
  if (!members) return sink.fault(std::string{table}, "type", "Must be a table.");
  for (const auto& [name, value] : *members) read_value(table, name.str(), value, sink);
}

void read_root(const toml::table& root, settings_sink& sink) {
  for (const auto& [name, node] : root) {
    if (is_table_name(name.str())) {
      read_table(name.str(), node, sink);
    } else if (node.is_table() && !find_setting(name.str())) {
      sink.fault(dotted({}, name.str()), "unknown", "There is no such table." + did_you_mean(name.str(), table_names()));
    } else {
      read_value({}, name.str(), node, sink);
    }
  }
}

// The parser quotes what it stumbled over, which may be a key that somebody forgot to put in quotation marks.
std::string without_quotations(std::string_view text) {
  std::string out;
  while (true) {
    const auto open = text.find('\'');
    const auto close = open == std::string_view::npos ? open : text.find('\'', open + 1);
    if (close == std::string_view::npos) return out += text.substr(0, open);
    out += text.substr(0, open);
    out += close - open > 4 ? std::string_view{"…"} : text.substr(open, close - open + 1);
    text.remove_prefix(close + 1);
  }
}

}  // namespace

void read_toml(std::string_view text, settings_sink& sink) {
  try {
    read_root(toml::parse(text), sink);
  } catch (const toml::parse_error& e) {
    const auto place = e.source().begin;
    sink.fault("", "toml",
               fmt::format("Line {}, column {}: {}", place.line, place.column, without_quotations(e.description())));
  } catch (const std::exception&) {
    sink.fault("", "toml", "Cannot be read as TOML.");
  }
}

}  // namespace waybill::core
