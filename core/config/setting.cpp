// SPDX-License-Identifier: Apache-2.0
#include "core/config/setting.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace waybill::core {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

field_fault of(std::string rule, std::string message) { return {{}, std::move(rule), std::move(message)}; }

template <class Number>
std::optional<field_fault> check_number(const setting& s, Number number) {
  const auto as_real = static_cast<double>(number);
  if (as_real >= s.least && as_real <= s.most) return std::nullopt;
  return of(as_real > s.most ? "maximum" : "minimum", s.expectation());
}

std::optional<field_fault> check_text(const setting& s, const std::string& text) {
  if (text.find('\0') != std::string::npos) return of("format", "Must not contain a NUL character.");
  if (!s.problem) return std::nullopt;
  auto wrong = s.problem(text);
  return wrong ? std::optional{of("format", std::move(*wrong))} : std::nullopt;
}

template <class Entries, class Check>
std::optional<field_fault> check_list(const setting& s, const Entries& entries, Check check) {
  if (entries.size() > s.most_entries) return of("maxItems", fmt::format("Must have at most {} entries.", s.most_entries));
  for (const auto& entry : entries)
    if (auto fault = check(s, entry)) return fault;
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!trimmed(text).empty()) {
    const auto comma = text.find(',');
    parts.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

std::optional<setting_value> parse_wholes(std::string_view text) {
  std::vector<std::int64_t> entries;
  for (const auto part : split(text)) {
    const auto number = parse_number<std::int64_t>(part);
    if (!number) return std::nullopt;
    entries.push_back(*number);
  }
  return entries;
}

template <class Number>
std::optional<setting_value> wrapped(std::optional<Number> number) {
  return number ? std::optional<setting_value>{*number} : std::nullopt;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

struct toml_writer {
  std::string operator()(const std::string& text) const { return quoted(text); }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return fmt::format("{}", number); }
  std::string operator()(bool yes) const { return yes ? "true" : "false"; }
  template <class Entry>
  std::string operator()(const std::vector<Entry>& entries) const {
    std::string out = "[";
    for (const auto& entry : entries) out += (out.size() > 1 ? ", " : "") + (*this)(entry);
    return out + "]";
  }
};

}  // namespace

std::string_view setting::table() const {
  const auto dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view setting::name() const {
  const auto dot = key.find('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

std::string setting::variable() const {
  std::string out = "WAYBILL_";
  for (const char c : key) {
    if (is_upper(c)) out += '_';
    out += c == '.' ? '_' : is_upper(c) ? c : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return out;
}

std::string setting::expectation() const {
  switch (kind) {
    case setting_kind::text:
      return "Must be text.";
    case setting_kind::whole:
      return fmt::format("Must be a whole number from {:.0f} to {:.0f}.", least, most);
    case setting_kind::real:
      return fmt::format("Must be a number from {} to {}.", least, most);
    case setting_kind::boolean:
      return "Must be true or false.";
    case setting_kind::texts:
      return "Must be a list of texts.";
    case setting_kind::wholes:
      return fmt::format("Must be a list of whole numbers from {:.0f} to {:.0f}.", least, most);
  }
  return {};
}

std::optional<field_fault> setting::check(const setting_value& value) const {
  if (value.index() + 1 != static_cast<std::size_t>(kind)) return of("type", expectation());
  switch (kind) {
    case setting_kind::text:
      return check_text(*this, std::get<std::string>(value));
    case setting_kind::whole:
      return check_number(*this, std::get<std::int64_t>(value));
    case setting_kind::real:
      return check_number(*this, std::get<double>(value));
    case setting_kind::boolean:
      return std::nullopt;
    case setting_kind::texts:
      return check_list(*this, std::get<std::vector<std::string>>(value), check_text);
    case setting_kind::wholes:
      return check_list(*this, std::get<std::vector<std::int64_t>>(value), check_number<std::int64_t>);
  }
  return std::nullopt;
}

const setting* find_setting(std::string_view key) {
  const auto& all = all_settings();
  const auto found = std::find_if(all.begin(), all.end(), [&](const setting& s) { return s.key == key; });
  return found == all.end() ? nullptr : &*found;
}

std::optional<setting_value> parse_setting(setting_kind kind, std::string_view text) {
  const auto bare = trimmed(text);
  switch (kind) {
    case setting_kind::text:
      return std::string{text};
    case setting_kind::whole:
      return wrapped(parse_number<std::int64_t>(bare));
    case setting_kind::real:
      return wrapped(parse_number<double>(bare));
    case setting_kind::boolean:
      if (bare == "true" || bare == "1") return true;
      if (bare == "false" || bare == "0") return false;
      return std::nullopt;
    case setting_kind::texts: {
      const auto parts = split(text);
      return std::vector<std::string>(parts.begin(), parts.end());
    }
    case setting_kind::wholes:
      return parse_wholes(text);
  }
  return std::nullopt;
}

std::string to_toml(const setting_value& value) { return std::visit(toml_writer{}, value); }

}  // namespace waybill::core
