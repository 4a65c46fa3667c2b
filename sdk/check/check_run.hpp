// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "core/plugin_host/delivery_block.hpp"
#include "sdk/check/plugin_under_test.hpp"
#include "sdk/check/report.hpp"

namespace waybill::sdk::check {

/// The run of the suite over one plugin: what a check works with and writes its findings to.
class check_run {
public:
  explicit check_run(const options& settings) : settings_(settings), subject_(settings) {}

  /// Runs one check and then asks the host what the plugin broke meanwhile: a second completion, an exception, garbage.
  template <class Check>
  void run(const char* name, Check&& check) {
    begin(name);
    const auto before = subject_.stats();
    check(*this);
    audit(before);
  }

  void passed(std::string text) { add(verdict::passed, std::move(text), {}); }
  void warned(std::string text, std::string advice) { add(verdict::warned, std::move(text), std::move(advice)); }
  void failed(std::string text, std::string advice) { add(verdict::failed, std::move(text), std::move(advice)); }
  void skipped(std::string text) { add(verdict::skipped, std::move(text), {}); }
  /// Secrets in the text are masked: a plugin that shows them must not make the report do so too.
  void add(verdict outcome, std::string text, std::string advice);

  /// Retained deliveries that are not this run's.
  [[nodiscard]] std::uint64_t alive_before() const { return alive_before_; }
  [[nodiscard]] plugin_under_test& subject() { return subject_; }
  [[nodiscard]] const options& settings() const { return settings_; }
  [[nodiscard]] report& result() { return report_; }

private:
  void begin(const char* name);
  void audit(const core::plugin_host_stats& before);

  const options settings_;
  const std::uint64_t alive_before_ = core::delivery_block::alive();
  report report_;
  std::string current_;
  plugin_under_test subject_;
};

/// Polls every millisecond; false if it did not come true in time.
template <class Condition>
[[nodiscard]] bool wait_until(Condition condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

/// An outcome in a line: action, category, code and detail.
[[nodiscard]] std::string in_words(const core::attempt_result& result);

// The checks, in the order they run. Each stands on those before it.
void check_exports(check_run& run);
void check_schema(check_run& run);
void check_config(check_run& run);
void check_faults(check_run& run);
void check_open(check_run& run);
void check_connection_test(check_run& run);
void check_deliver(check_run& run);
void check_streaming(check_run& run);
void check_batch(check_run& run);
void check_guard(check_run& run);
void check_deadline(check_run& run);
void check_cancel(check_run& run);
void check_threads(check_run& run);
void check_drain(check_run& run);
void check_close(check_run& run);
void check_leaks(check_run& run);
void check_secrets(check_run& run);

}  // namespace waybill::sdk::check
