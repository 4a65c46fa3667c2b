// SPDX-License-Identifier: Apache-2.0
#include "api/http_request.hpp"

#include <algorithm>

#include "api/malformed.hpp"

#include <simdjson.h>

namespace waybill::api {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// What stands before the first `at`, and what after it: nothing if there is none.
std::pair<std::string_view, std::string_view> split(std::string_view text, char at) {
  const auto found = text.find(at);
  if (found == std::string_view::npos) return {text, {}};
  return {text.substr(0, found), text.substr(found + 1)};
}

}  // namespace

std::string_view to_string(http_method method) {
  switch (method) {
    case http_method::get:
      return "GET";
    case http_method::head:
      return "HEAD";
    case http_method::post:
      return "POST";
    case http_method::put:
      return "PUT";
    case http_method::patch:
      return "PATCH";
    case http_method::remove:
      return "DELETE";
    case http_method::other:
      break;
  }
  return "OTHER";
}

std::optional<std::string> percent_decode(std::string_view text, plus_sign plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == plus_sign::space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!simdjson::validate_utf8(out)) return std::nullopt;
  return out;
}

core::result<query_parameters> query_parameters::parse(std::string_view query) {
  query_parameters out;
  while (!query.empty()) {
    const auto [pair, rest] = split(query, '&');
    query = rest;
    if (pair.empty()) continue;
    const auto [raw_name, raw_value] = split(pair, '=');
    auto name = percent_decode(raw_name, plus_sign::space);
    auto value = percent_decode(raw_value, plus_sign::space);
    if (!name || !value)
      return core::fail(core::error_code::malformed_request, "the query holds a broken % escape or text that is not UTF-8");
    const auto same = [&](const auto& other) { return other.first == *name; };
    if (std::any_of(out.values_.begin(), out.values_.end(), same)) {
      out.fault(*name, "duplicate", "this parameter comes more than once");
    } else {
      out.values_.emplace_back(std::move(*name), std::move(*value));
    }
  }
  return out;
}

std::optional<std::string> query_parameters::take(std::string_view name) {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const auto& pair) { return pair.first == name; });
  if (found == values_.end()) return std::nullopt;
  auto value = std::move(found->second);
  values_.erase(found);
  return value;
}

void query_parameters::fault(std::string_view name, std::string rule, std::string message) {
  add_fault(faults_, std::string{name}, std::move(rule), std::move(message));
}

core::result<void> query_parameters::finish() {
  for (const auto& [name, value] : values_) fault(name, "unknown", "there is no such query parameter here");
  if (!faults_.empty()) return core::fail(invalid_fields(std::move(faults_)));
  return {};
}

}  // namespace waybill::api
