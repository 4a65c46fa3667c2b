// SPDX-License-Identifier: Apache-2.0
#include "sdk/check/report.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace waybill::sdk::check {
namespace {

struct verdict_name {
  verdict outcome;
  const char* in_json;
  const char* in_text;
};
constexpr verdict_name names[] = {
    {verdict::passed, "passed", "ok"},
    {verdict::warned, "warning", "warning"},
    {verdict::failed, "failed", "FAILED"},
    {verdict::skipped, "skipped", "skipped"},
};

const verdict_name& name_of(verdict outcome) {
  return *std::find_if(std::begin(names), std::end(names), [&](const auto& n) { return n.outcome == outcome; });
}

}  // namespace

std::size_t report::count(verdict outcome) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const finding& f) { return f.outcome == outcome; }));
}

std::string to_text(const report& of) {
  auto text = of.library + "\n";
  if (!of.plugin.empty()) text += "  " + of.plugin + "\n";
  text += "\n";
  for (const auto& f : of.findings) {
    text += fmt::format("  {:<8} {:<12} {}\n", name_of(f.outcome).in_text, f.check, f.text);
    if (!f.advice.empty()) text += fmt::format("  {:21} -> {}\n", "", f.advice);
  }
  text += fmt::format("\n  {} ok, {} failed, {} warnings, {} skipped\n", of.count(verdict::passed), of.count(verdict::failed),
                      of.count(verdict::warned), of.count(verdict::skipped));
  return text;
}

nlohmann::json to_json(const finding& of) {
  nlohmann::json out{{"check", of.check}, {"verdict", name_of(of.outcome).in_json}, {"text", of.text}};
  if (!of.advice.empty()) out["advice"] = of.advice;
  return out;
}

finding finding_from(const nlohmann::json& json) {
  finding out;
  out.check = json.value("check", "");
  const auto outcome = json.value("verdict", "");
  for (const auto& n : names)
    if (outcome == n.in_json) out.outcome = n.outcome;
  out.text = json.value("text", "");
  out.advice = json.value("advice", "");
  return out;
}

nlohmann::json to_json(const report& of) {
  auto findings = nlohmann::json::array();
  for (const auto& f : of.findings) findings.push_back(to_json(f));
  return {{"library", of.library},
          {"plugin", of.plugin},
          {"findings", std::move(findings)},
          {"passed", of.count(verdict::passed)},
          {"failed", of.count(verdict::failed)},
          {"warnings", of.count(verdict::warned)},
          {"skipped", of.count(verdict::skipped)}};
}

}  // namespace waybill::sdk::check
