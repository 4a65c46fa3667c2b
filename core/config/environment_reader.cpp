// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "core/config/settings_sink.hpp"
#include "core/model/nearest_name.hpp"

namespace waybill::core {
namespace {

constexpr std::string_view ours = "WAYBILL_";
constexpr std::string_view seeds = "DELIVERY_";
constexpr std::string_view tracing = "DELIVERY_OBSERVABILITY_TRACING_ENABLED";
/// Variables of `waybill`, the command line: often set in the same shell, and no business of the node.
constexpr std::array<std::string_view, 5> of_the_client{"WAYBILL_URL", "WAYBILL_KEY", "WAYBILL_KEY_FILE",
                                                        "WAYBILL_ORGANIZATION", "WAYBILL_CA_FILE"};

bool starts_with(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

struct known_variables {
  std::vector<std::string> waybill;
  std::vector<std::string_view> delivery{tracing};

  known_variables() {
    for (const auto& s : all_settings()) {
      waybill.push_back(s.variable());
      delivery.insert(delivery.end(), s.seed_names.begin(), s.seed_names.end());
    }
  }
};

template <class Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void refuse_unknown(const std::string& name, const known_variables& known, settings_sink& sink) {
  if (contains(known.waybill, name) || contains(of_the_client, name)) return;
  const std::vector<std::string_view> names(known.waybill.begin(), known.waybill.end());
  sink.fault(name, "unknown", "There is no such setting." + did_you_mean(name, names));
}

// The prefix is not ours alone: only what looks like a slip in one of our names is refused. The prefix itself is no likeness.
void refuse_slip(const std::string& name, const known_variables& known, settings_sink& sink) {
  if (contains(known.delivery, name)) return;
  std::vector<std::string_view> rests;
  for (const auto each : known.delivery) rests.push_back(each.substr(seeds.size()));
  const auto near = nearest_name(std::string_view{name}.substr(seeds.size()), rests);
  if (near.empty()) return;
  sink.fault(name, "unknown", "There is no such setting. Did you mean \"" + std::string{seeds} + std::string{near} + "\"?");
}

void refuse_tracing(const std::string& value, settings_sink& sink) {
  const auto asked = parse_setting(setting_kind::boolean, value);
  if (asked && !std::get<bool>(*asked)) return;
  sink.fault(std::string{tracing}, "unsupported",
             "This version exports no traces, so this cannot be turned on. traceparent headers are passed on all the same. "
             "Unset the variable or set it to false.");
}

void refuse_unknown_names(const std::vector<std::string>& names, settings_sink& sink) {
  const known_variables known;
  for (const auto& name : names) {
    if (starts_with(name, ours)) refuse_unknown(name, known, sink);
    if (starts_with(name, seeds)) refuse_slip(name, known, sink);
  }
}

}  // namespace

void read_environment(const config_sources& sources, settings_sink& sink) {
  refuse_unknown_names(sources.environment_names, sink);
  if (!sources.environment) return;
  const auto put_if_set = [&](const setting& s, const std::string& name) {
    const auto value = sources.environment(name);
    if (value && !value->empty()) sink.put_text(s, *value, name);
  };
  for (const auto& s : all_settings()) {
    for (const auto seed : s.seed_names) put_if_set(s, std::string{seed});
    put_if_set(s, s.variable());
  }
  if (const auto value = sources.environment(std::string{tracing}); value && !value->empty()) refuse_tracing(*value, sink);
}

}  // namespace waybill::core
