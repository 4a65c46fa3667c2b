// SPDX-License-Identifier: Apache-2.0
#include "sdk/check/suite.hpp"

#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/schema/config_schema.hpp"
#include "sdk/check/check_run.hpp"

namespace waybill::sdk::check {

void check_run::begin(const char* name) {
  current_ = name;
  if (settings_.on_begin) settings_.on_begin(current_);
}

void check_run::add(verdict outcome, std::string text, std::string advice) {
  const auto& mark = core::redacted_mark;
  for (const auto& secret : subject_.secrets())
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mark.size()))
      text.replace(at, secret.size(), mark);
  report_.findings.push_back({current_, outcome, std::move(text), std::move(advice)});
  if (settings_.on_finding) settings_.on_finding(report_.findings.back());
}

void check_run::audit(const core::plugin_host_stats& before) {
  std::this_thread::sleep_for(settings_.settle);
  const auto now = subject_.stats();
  if (const auto n = now.unknown_completions - before.unknown_completions; n > 0)
    failed(fmt::format("{} completions of calls that had ended already, or never were", n),
           "call complete exactly once for each token deliver or test_connection accepted");
  if (const auto n = now.plugin_faults - before.plugin_faults; n > 0)
    failed(
        fmt::format("the contract was broken {} times: an exception left a hook, a call was refused, a result had an action, "
                    "category or record that is none, or a delivery was released too often",
                    n),
        "catch everything in every hook; request and response are JSON objects in UTF-8; see plugin.h, wb_result");
}

std::string in_words(const core::attempt_result& result) {
  auto text = std::string{core::to_string(result.action)};
  if (result.category != core::failure_category::none) text += fmt::format(", {}", core::to_string(result.category));
  if (result.code != 0) text += fmt::format(", code {}", result.code);
  if (!result.detail.empty()) text += ": " + result.detail;
  return text;
}

report run_suite(const options& settings) {
  check_run run{settings};
  auto& result = run.result();
  result.library = settings.library;
  bool is_loaded = false;
  run.run("load", [&](check_run& r) {
    const auto why = r.subject().load();
    is_loaded = why.empty();
    if (!is_loaded) return r.failed(why, "see the POLICY at the top of waybill/plugin.h");
    const auto& p = r.subject().plugin();
    result.plugin = fmt::format("{} \"{}\" {}, features: {}", p.type(), p.title(), p.version(),
                                p.feature_names().empty() ? "none" : fmt::format("{}", fmt::join(p.feature_names(), ", ")));
    r.passed(result.plugin);
  });
  if (!is_loaded) return std::move(result);

  run.run("exports", check_exports);
  run.run("schema", check_schema);
  run.run("config", check_config);
  run.run("faults", check_faults);
  run.run("open", check_open);
  std::string why;
  if (!run.subject().open(why).instance) return std::move(result);  // `open` has said so; nothing else can be asked
  run.run("test", check_connection_test);
  run.run("deliver", check_deliver);
  run.run("streaming", check_streaming);
  run.run("batch", check_batch);
  run.run("guard", check_guard);
  run.run("deadline", check_deadline);
  run.run("cancel", check_cancel);
  run.run("threads", check_threads);
  run.run("drain", check_drain);
  run.run("close", check_close);
  run.run("leaks", check_leaks);
  run.run("secrets", check_secrets);
  return std::move(result);
}

}  // namespace waybill::sdk::check
