// SPDX-License-Identifier: Apache-2.0
#include "core/config/settings_sink.hpp"

#include <utility>

#include "core/model/nearest_name.hpp"

#include <fmt/format.h>

namespace waybill::core {

void settings_sink::put(const setting& s, setting_value value, const std::string& pointer) {
  if (auto wrong = s.check(value)) return fault(pointer, std::move(wrong->rule), std::move(wrong->message));
  s.set(settings_, std::move(value));
}

void settings_sink::put_text(const setting& s, std::string_view text, const std::string& pointer) {
  auto value = parse_setting(s.kind, text);
  if (!value) return fault(pointer, "type", s.expectation());
  put(s, std::move(*value), pointer);
}

void settings_sink::fault(std::string pointer, std::string rule, std::string message) {
  // As many as anyone would mend at once.
  if (faults_.size() < 100) faults_.push_back({std::move(pointer), std::move(rule), std::move(message)});
}

void settings_sink::check_together() {
  if (settings_.retry.initial_delay > settings_.retry.max_delay)
    fault("retry.initialDelayMs", "maximum", "Must not be greater than retry.maxDelayMs.");
}

result<config> settings_sink::finish() {
  if (faults_.empty()) check_together();
  if (faults_.empty()) return std::move(settings_);
  auto message =
      fmt::format("The configuration has {}.", faults_.size() == 1 ? "a fault" : fmt::format("{} faults", faults_.size()));
  return fail(error{error_code::validation_error, std::move(message), std::move(faults_), std::nullopt});
}

// First among the keys of the same table, where a short name tells more than a long dotted one.
std::string hint_for_key(std::string_view key) {
  const auto dot = key.find('.');
  const auto table = dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
  std::vector<std::string_view> names, keys;
  for (const auto& s : all_settings()) {
    if (s.table() == table) names.push_back(s.name());
    keys.push_back(s.key);
  }
  if (const auto near = nearest_name(dot == std::string_view::npos ? key : key.substr(dot + 1), names); !near.empty())
    return fmt::format(" Did you mean \"{}{}{}\"?", table, table.empty() ? "" : ".", near);
  return did_you_mean(key, keys);
}

}  // namespace waybill::core
