// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fake_host.hpp"

namespace waybill::testing {

/// A handler of a loaded plugin, closed at its end, and what a host does with it.
class handler_box {
public:
  handler_box(const loaded_plugin& plugin, const nlohmann::json& config) : plugin_(plugin) {
    std::vector<seen_fault> faults;
    const auto text = config.dump();
    const auto status = plugin_->open(to_str(text), context.raw(), &handler_, &collect_fault, &faults);
    for (const auto& f : faults) UNSCOPED_INFO(f.pointer << " " << f.rule << ": " << f.message);
    REQUIRE(status == WB_OK);
    REQUIRE(handler_ != nullptr);
  }
  ~handler_box() {
    if (handler_ == nullptr) return;
    drain();
    plugin_->close(handler_);
  }
  handler_box(const handler_box&) = delete;
  handler_box& operator=(const handler_box&) = delete;

  wb_token start(fake_delivery& what) {
    const auto token = fake_host::instance().new_token();
    REQUIRE(plugin_->deliver(handler_, what.fill(), token) == WB_OK);
    return token;
  }
  [[nodiscard]] seen_result finish(wb_token token, std::chrono::milliseconds limit = std::chrono::seconds{30}) {
    const auto seen = fake_host::instance().wait(token, limit);
    REQUIRE(seen.has_value());
    return *seen;
  }
  seen_result deliver(fake_delivery& what) {
    const auto token = start(what);
    auto seen = finish(token, std::chrono::milliseconds{what.timeout_ms + 20'000});
    drain();
    CHECK(fake_host::instance().completions(token) == 1);
    CHECK(fake_host::instance().retained(what) == 0);
    return seen;
  }
  seen_result deliver() {
    fake_delivery what;
    return deliver(what);
  }
  /// In one call; waits for all outcomes.
  std::vector<seen_result> deliver_batch(std::vector<fake_delivery>& what) {
    std::vector<const wb_delivery*> views;
    std::vector<wb_token> tokens;
    for (auto& one : what) {
      views.push_back(one.fill());
      tokens.push_back(fake_host::instance().new_token());
    }
    REQUIRE(plugin_->deliver_batch(handler_, views.data(), tokens.data(), tokens.size()) == WB_OK);
    std::vector<seen_result> out;
    for (const auto token : tokens) out.push_back(finish(token));
    drain();
    for (const auto token : tokens) CHECK(fake_host::instance().completions(token) == 1);
    for (const auto& one : what) CHECK(fake_host::instance().retained(one) == 0);
    return out;
  }
  seen_result test(std::int64_t timeout_ms = 10'000) {
    const auto token = fake_host::instance().new_token();
    REQUIRE(plugin_->test_connection(handler_, token, fake_host::monotonic_ms() + timeout_ms) == WB_OK);
    auto seen = finish(token);
    CHECK(fake_host::instance().completions(token) == 1);
    return seen;
  }
  void cancel(wb_token token) { plugin_->cancel(handler_, token); }
  void drain() { plugin_->drain(handler_, fake_host::monotonic_ms() + 20'000); }

  fake_context context;

private:
  const loaded_plugin& plugin_;
  wb_handler* handler_ = nullptr;
};

/// What validate says of a configuration: `pointer rule`, sorted.
[[nodiscard]] inline std::vector<std::string> fault_names(const loaded_plugin& plugin, const nlohmann::json& config) {
  std::vector<seen_fault> faults;
  const auto text = config.dump();
  const auto status = plugin->validate(to_str(text), &collect_fault, &faults);
  CHECK((status == WB_OK) == faults.empty());
  std::vector<std::string> names;
  names.reserve(faults.size());
  for (const auto& f : faults) names.push_back(f.pointer + " " + f.rule);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace waybill::testing
