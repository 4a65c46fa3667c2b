// SPDX-License-Identifier: Apache-2.0
// What can be told of a plugin before it is asked to deliver: symbols, schema, configuration, faults.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/telemetry/log.hpp"
#include "sdk/check/check_run.hpp"
#include "sdk/check/config_variants.hpp"
#include "sdk/check/exported_symbols.hpp"

namespace waybill::sdk::check {
namespace {

using json = nlohmann::json;

/// Enough to find out whether a validator goes on after its first fault; each pair is one call.
constexpr std::size_t max_pairs = 200;
constexpr std::size_t max_shown = 5;

std::string shown(const std::vector<std::string>& all) {
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), max_shown));
  auto text = fmt::format("{}", fmt::join(all.begin(), end, ", "));
  if (all.size() > max_shown) text += fmt::format(" and {} more", all.size() - max_shown);
  return text;
}

std::set<std::string> pointers_of(const std::vector<core::field_fault>& faults) {
  std::set<std::string> out;
  for (const auto& fault : faults) out.insert(fault.pointer);
  return out;
}

/// A text that a person would take for a secret by its name: not an address, a choice among words or the name of a thing.
bool sounds_secret(const schema_member& member) {
  const auto name = member.at.back();
  const auto& schema = member.schema;
  if (!core::names_a_secret(name) || schema.value("type", json("string")) != "string") return false;
  if (schema.contains("enum") || schema.contains("const") || schema.contains("format")) return false;
  for (const std::string_view ending : {"Url", "Uri", "Endpoint", "Name", "Header", "Type", "Id", "Path"})
    if (name.size() > ending.size() && std::string_view{name}.substr(name.size() - ending.size()) == ending) return false;
  return true;
}

/// A change the schema lets through and the plugin refuses, and where the plugin saw the fault.
struct refused_variant {
  variant change;
  std::set<std::string> pointers;
};

void judge_fault(check_run& run, const variant& change, const core::field_fault& fault, std::set<std::string>& said) {
  const auto say = [&](std::string text, std::string advice) {
    if (said.insert(advice).second) run.failed(std::move(text), std::move(advice));
  };
  run.subject().remember(fault.message);
  const auto where = change.at.to_string();
  if (fault.rule == "plugin" && fault.pointer.empty())
    return say(fmt::format("validate refuses a configuration changed at {} and reports no fault", where),
               "call the sink for every fault before returning anything but WB_OK");
  if (!fault.pointer.empty() && fault.pointer.front() != '/')
    say(fmt::format("a fault is reported at \"{}\", which is no JSON Pointer", fault.pointer),
        "pointers are RFC 6901: \"\" for the whole, else \"/member/0\"");
  if (fault.message.empty())
    say(fmt::format("a fault at {} comes without a message", fault.pointer),
        "say in a sentence what is wrong and what would be right");
  if (fault.rule.empty())
    say(fmt::format("a fault at {} comes without a rule", fault.pointer), "name the rule in a word a program can branch on");
}

std::vector<refused_variant> refused_variants(check_run& run, const json& config) {
  const auto& plugin = run.subject().plugin();
  std::vector<refused_variant> out;
  std::set<std::string> said;
  for (auto& change : variants_of(plugin.config_schema(), config)) {
    const auto changed = with_change(config, change);
    if (!plugin.validate_by_schema(changed).empty()) continue;
    const auto faults = plugin.validate_by_plugin(changed);
    if (!faults) {
      run.failed(fmt::format("with another value at {}: {}", change.at.to_string(), faults.error().message),
                 "validate is pure and never throws or blocks, whatever the configuration");
      return out;
    }
    if (faults->empty()) continue;
    for (const auto& fault : *faults) judge_fault(run, change, fault, said);
    auto& refused = out.emplace_back();
    refused.pointers = pointers_of(*faults);
    refused.change = std::move(change);
  }
  return out;
}

enum class pair_verdict { inconclusive = 1, one_only, both };

/// Two changes at once, each of which alone has a fault at a place of its own: are both places named?
pair_verdict judge_pair(check_run& run, const json& config, const refused_variant& a, const refused_variant& b) {
  const auto& plugin = run.subject().plugin();
  if (a.change.at == b.change.at || a.pointers == b.pointers) return pair_verdict::inconclusive;
  const auto changed = with_change(with_change(config, a.change), b.change);
  if (!plugin.validate_by_schema(changed).empty()) return pair_verdict::inconclusive;
  const auto faults = plugin.validate_by_plugin(changed);
  if (!faults) return pair_verdict::inconclusive;
  return faults->size() >= 2 ? pair_verdict::both : pair_verdict::one_only;
}

void judge_completeness(check_run& run, const json& config, const std::vector<refused_variant>& refused) {
  std::size_t tried = 0;
  for (std::size_t i = 0; i < refused.size(); ++i)
    for (std::size_t j = i + 1; j < refused.size() && tried < max_pairs; ++j) {
      const auto verdict = judge_pair(run, config, refused[i], refused[j]);
      if (verdict == pair_verdict::inconclusive) continue;
      ++tried;
      if (verdict == pair_verdict::both)
        return run.passed(
            fmt::format("validate refuses {} of the values tried and reports several faults at once", refused.size()));
    }
  if (tried == 0) return run.passed(fmt::format("validate refuses {} of the values tried", refused.size()));
  run.failed(fmt::format("of two faults in one configuration validate never reports both ({} pairs tried)", tried),
             "go on after a fault: report every one through the sink, so that a user corrects them in one go");
}

}  // namespace

void check_exports(check_run& run) {
  auto symbols = exported_symbols(run.subject().plugin().path());
  symbols.erase(std::remove(symbols.begin(), symbols.end(), WB_ENTRY_SYMBOL), symbols.end());
  if (symbols.empty()) return run.passed("exports waybill_plugin_entry and nothing else");
  run.warned(fmt::format("exports {} other symbols: {}", symbols.size(), shown(symbols)),
             "compile with -fvisibility=hidden and link with -Wl,--version-script=plugin.map (in the SDK's cmake folder)");
}

void check_schema(check_run& run) {
  const auto& schema = run.subject().plugin().config_schema();
  std::vector<std::string> untitled;
  std::vector<std::string> unmarked;
  for (const auto& member : members_of(schema)) {
    if (!member.schema.is_object()) continue;
    if (!member.schema.contains("title") || !member.schema.contains("description")) untitled.push_back(member.at.to_string());
    if (sounds_secret(member) && !member.schema.value("x-secret", false)) unmarked.push_back(member.at.to_string());
  }
  if (!unmarked.empty())
    run.warned(fmt::format("without x-secret, though the name sounds like one: {}", shown(unmarked)),
               "mark every secret with \"x-secret\": true: only then is it encrypted at rest and redacted in answers");
  if (!untitled.empty())
    run.warned(fmt::format("without title or description: {}", shown(untitled)),
               "forms and API documents are drawn from the schema: give each member both");
  if (unmarked.empty() && untitled.empty()) run.passed("draft 7, every member has a title and a description");
}

void check_config(check_run& run) {
  const auto& plugin = run.subject().plugin();
  const auto& config = run.settings().config;
  auto faults = plugin.validate_by_schema(config);
  if (faults.empty()) {
    auto own = plugin.validate_by_plugin(config);
    if (!own) return run.failed(own.error().message, "validate is pure and never throws or blocks");
    faults = std::move(*own);
  }
  for (const auto& fault : faults)
    run.failed(fmt::format("the configuration is refused at \"{}\": {} ({})", fault.pointer, fault.message, fault.rule),
               "give --config a file the plugin should accept, or correct schema or validate");
  if (faults.empty()) run.passed("the given configuration is accepted");
}

void check_faults(check_run& run) {
  const auto& plugin = run.subject().plugin();
  const auto& config = run.settings().config;
  if (!plugin.validate(config).empty()) return run.skipped("needs a configuration that is accepted");
  judge_completeness(run, config, refused_variants(run, config));

  std::atomic<int> refusals{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n)
        if (const auto faults = plugin.validate_by_plugin(config); !faults || !faults->empty()) ++refusals;
    });
  for (auto& thread : threads) thread.join();
  if (refusals > 0)
    run.failed(fmt::format("asked 80 times from 4 threads, validate refused a good configuration {} times", refusals.load()),
               "validate is pure: no state, no I/O, callable from any thread");
}

}  // namespace waybill::sdk::check
