// SPDX-License-Identifier: Apache-2.0
#include "api/json_input.hpp"

#include <algorithm>
#include <utility>

#include "api/json_reader.hpp"
#include "api/malformed.hpp"

namespace waybill::api {

namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string length_message(const object_input::text_rule& rule) {
  return "must be " + std::to_string(rule.min) + " to " + std::to_string(rule.max) + " bytes without control characters";
}

bool breaks(const std::string& text, const object_input::text_rule& rule) {
  return text.size() < rule.min || text.size() > rule.max || has_control(text);
}

}  // namespace

object_input::object_input(const nlohmann::json& value, std::string pointer, faults& out)
    : value_(value), pointer_(std::move(pointer)), faults_(out) {
  if (!value_.is_object()) add_fault(faults_, pointer_, "type", "must be an object");
}

const nlohmann::json* object_input::find(std::string_view name) {
  known_.push_back(name);
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(name);
  return found == value_.end() ? nullptr : &*found;
}

void object_input::require(std::string_view name) {
  if (value_.is_object() && !value_.contains(name)) fault(std::string{name}, "required", "is required");
}

std::optional<std::string> object_input::text(std::string_view name, text_rule rule) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    fault(std::string{name}, "type", "must be a text");
    return std::nullopt;
  }
  auto text = value->get<std::string>();
  if (breaks(text, rule)) fault(std::string{name}, "length", length_message(rule));
  return text;
}

std::optional<bool> object_input::boolean(std::string_view name) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  fault(std::string{name}, "type", "must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> object_input::integer(std::string_view name, std::int64_t low, std::int64_t high) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_number_integer()) {
    fault(std::string{name}, "type", "must be an integer");
    return std::nullopt;
  }
  // An unsigned beyond the signed range would wrap on get<int64_t>.
  const bool too_large = value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(high);
  const auto number = too_large ? high : value->get<std::int64_t>();
  if (too_large || number < low || number > high)
    fault(std::string{name}, "range", "must be from " + std::to_string(low) + " to " + std::to_string(high));
  return number;
}

std::optional<core::utc_time> object_input::time(std::string_view name) {
  const auto value = text(name, {1, 64});
  if (!value) return std::nullopt;
  const auto time = core::parse_rfc3339(*value);
  if (!time) fault(std::string{name}, "format", "an RFC 3339 date and time such as 2026-01-01T00:00:00.000Z");
  return time;
}

std::optional<nlohmann::json> object_input::object(std::string_view name) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (value->is_object()) return *value;
  fault(std::string{name}, "type", "must be an object");
  return std::nullopt;
}

std::optional<std::vector<std::string>> object_input::texts(std::string_view name, std::size_t max_items, text_rule rule) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  const std::string path{name};
  if (!value->is_array()) {
    fault(path, "type", "must be a list of texts");
    return std::nullopt;
  }
  if (value->size() > max_items) fault(path, "maxItems", "at most " + std::to_string(max_items) + " entries");
  std::vector<std::string> out;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const auto& entry = (*value)[i];
    const auto at = path + '/' + std::to_string(i);
    if (!entry.is_string()) {
      fault(at, "type", "must be a text");
      out.emplace_back();  // keeps the places of the others
      continue;
    }
    auto text = entry.get<std::string>();
    if (breaks(text, rule)) fault(at, "length", length_message(rule));
    if (!text.empty() && std::find(out.begin(), out.end(), text) != out.end()) fault(at, "uniqueItems", "comes more than once");
    out.push_back(std::move(text));
    if (out.size() > max_items) break;
  }
  return out;
}

void object_input::fault(const std::string& path, std::string rule, std::string message) {
  add_fault(faults_, pointer_ + '/' + path, std::move(rule), std::move(message));
}

void object_input::finish() {
  if (!value_.is_object()) return;
  for (const auto& member : value_.items())
    if (std::find(known_.begin(), known_.end(), member.key()) == known_.end())
      fault(pointer_token(member.key()), "unknown", "there is no such member here");
}

}  // namespace waybill::api
