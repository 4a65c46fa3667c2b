// SPDX-License-Identifier: Apache-2.0
#include "core/telemetry/log_line.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

namespace waybill::core {
namespace {

constexpr std::string_view mask = "••••";
constexpr std::size_t longest_value = 8'192;

struct level_name {
  std::string_view padded;
  const char* plain;
};
level_name name_of(log_level level) {
  switch (level) {
    case log_level::debug:
      return {"DEBUG", "debug"};
    case log_level::info:
      return {"INFO ", "info"};
    case log_level::warning:
      return {"WARN ", "warning"};
    case log_level::error:
      return {"ERROR", "error"};
  }
  return {"ERROR", "error"};
}

std::string_view shown(const log_field& field) {
  if (names_a_secret(field.first)) return mask;
  return std::string_view{field.second}.substr(0, longest_value);
}

void append_escaped(std::string& line, char c) {
  constexpr char hex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\n') {
    line += "\\n";
  } else if (c == '\r') {
    line += "\\r";
  } else if (c == '\t') {
    line += "\\t";
  } else if (byte < 0x20 || byte == 0x7F) {
    line += "\\x";
    line += hex[byte >> 4];
    line += hex[byte & 15];
  } else {
    line += c;
  }
}

void append_plain(std::string& line, std::string_view text) {
  for (const char c : text) append_escaped(line, c);
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"\\=\n\r\t") != std::string_view::npos;
}

void append_value(std::string& line, std::string_view value) {
  if (!needs_quotes(value)) return append_plain(line, value);
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    append_escaped(line, c);
  }
  line += '"';
}

std::string text_line(utc_time time, log_level level, std::string_view event, std::string_view text,
                      std::initializer_list<log_field> fields) {
  std::string line = to_rfc3339(time);
  line += ' ';
  line += name_of(level).padded;
  line += ' ';
  append_plain(line, event);
  line += ' ';
  append_plain(line, text.substr(0, longest_value));
  for (const auto& field : fields) {
    line += ' ';
    append_plain(line, field.first);
    line += '=';
    append_value(line, shown(field));
  }
  return line;
}

// The four members of every line keep their meaning whatever a field is called.
std::string member_name(std::string_view field) {
  constexpr std::array<std::string_view, 4> reserved{"time", "level", "event", "message"};
  std::string name{field};
  if (std::find(reserved.begin(), reserved.end(), field) != reserved.end()) name += '_';
  return name;
}

std::string json_line(utc_time time, log_level level, std::string_view event, std::string_view text,
                      std::initializer_list<log_field> fields) {
  nlohmann::ordered_json line = {{"time", to_rfc3339(time)},
                                 {"level", name_of(level).plain},
                                 {"event", event},
                                 {"message", text.substr(0, longest_value)}};
  for (const auto& field : fields) line[member_name(field.first)] = shown(field);
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string log_line(log_format format, utc_time time, log_level level, std::string_view event, std::string_view text,
                     std::initializer_list<log_field> fields) {
  return format == log_format::json ? json_line(time, level, event, text, fields) : text_line(time, level, event, text, fields);
}

}  // namespace waybill::core
