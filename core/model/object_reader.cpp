// SPDX-License-Identifier: Apache-2.0
#include "core/model/object_reader.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/model/nearest_name.hpp"

#include <fmt/format.h>

namespace waybill::core {
namespace {

// Enough for any honest mistake; bounds what a body of nothing but faults makes us answer.
constexpr std::size_t most_faults = 100;

std::optional<std::int64_t> as_whole(const nlohmann::json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    // Beyond the range of any of our bounds, so the fault says "maximum", not "type".
    return number > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (std::trunc(number) != number) return std::nullopt;
  constexpr double exact = 9'007'199'254'740'992.0;  // 2^53
  return static_cast<std::int64_t>(std::clamp(number, -exact, exact));
}

}  // namespace

std::string pointer_step(std::string_view member) {
  std::string step = "/";
  for (const char c : member) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

object_reader::object_reader(const nlohmann::json& node, std::string pointer, std::vector<field_fault>& faults)
    : node_(node.is_object() ? &node : nullptr), pointer_(std::move(pointer)), faults_(faults) {
  if (!node_) add(pointer_, "type", "Must be an object.");
}

const nlohmann::json* object_reader::member(std::string_view name) {
  known_.push_back(name);
  if (!node_) return nullptr;
  const auto found = node_->find(name);
  return found == node_->end() ? nullptr : &*found;
}

std::string object_reader::pointer_to(std::string_view name) const { return pointer_ + pointer_step(name); }

void object_reader::add(std::string pointer, std::string rule, std::string message) {
  if (faults_.size() < most_faults) faults_.push_back({std::move(pointer), std::move(rule), std::move(message)});
}

void object_reader::fault(std::string_view name, std::string rule, std::string message) {
  add(pointer_to(name), std::move(rule), std::move(message));
}

std::optional<std::int64_t> object_reader::whole_value(const nlohmann::json& value, bounds::whole range,
                                                       const std::string& pointer) {
  const auto number = as_whole(value);
  if (!number) {
    add(pointer, "type", fmt::format("Must be a whole number from {} to {}.", range.least, range.most));
    return std::nullopt;
  }
  if (*number < range.least || *number > range.most) {
    add(pointer, *number < range.least ? "minimum" : "maximum", fmt::format("Must be from {} to {}.", range.least, range.most));
    return std::nullopt;
  }
  return number;
}

std::optional<std::int64_t> object_reader::whole(std::string_view name, bounds::whole range) {
  const auto* value = member(name);
  return value ? whole_value(*value, range, pointer_to(name)) : std::nullopt;
}

std::optional<std::uint32_t> object_reader::count(std::string_view name, bounds::whole range) {
  const auto number = whole(name, range);
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::chrono::milliseconds> object_reader::duration(std::string_view name, bounds::whole range) {
  const auto number = whole(name, range);
  if (!number) return std::nullopt;
  return std::chrono::milliseconds{*number};
}

std::optional<double> object_reader::real(std::string_view name, bounds::real range) {
  const auto* value = member(name);
  if (!value) return std::nullopt;
  if (!value->is_number()) {
    fault(name, "type", fmt::format("Must be a number from {} to {}.", range.least, range.most));
    return std::nullopt;
  }
  const double number = value->get<double>();
  if (number >= range.least && number <= range.most) return number;
  fault(name, number > range.most ? "maximum" : "minimum", fmt::format("Must be from {} to {}.", range.least, range.most));
  return std::nullopt;
}

std::optional<std::vector<std::chrono::milliseconds>> object_reader::durations(std::string_view name, bounds::whole range,
                                                                               std::size_t most_entries) {
  const auto* value = member(name);
  if (!value) return std::nullopt;
  if (!value->is_array()) {
    fault(name, "type", "Must be a list of whole numbers.");
    return std::nullopt;
  }
  if (value->size() > most_entries) {
    fault(name, "maxItems", fmt::format("Must have at most {} entries.", most_entries));
    return std::nullopt;
  }
  std::vector<std::chrono::milliseconds> entries;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const auto number = whole_value((*value)[i], range, fmt::format("{}/{}", pointer_to(name), i));
    if (number) entries.emplace_back(*number);
  }
  if (entries.size() != value->size()) return std::nullopt;
  return entries;
}

void object_reader::refuse_others() {
  if (!node_) return;
  for (const auto& [name, value] : node_->items()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    fault(name, "additionalProperties", "There is no such member." + did_you_mean(name, known_));
  }
}

}  // namespace waybill::core
