// SPDX-License-Identifier: Apache-2.0
#include "destination.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

#include "../nginx_server.hpp"

namespace waybill::testing {

const loaded_plugin& webhook() {
  static const loaded_plugin plugin{WAYBILL_WEBHOOK};
  return plugin;
}

destination::destination(const nlohmann::json& config) {
  std::vector<seen_fault> faults;
  const auto text = config.dump();
  const auto status = webhook()->open(to_str(text), context.raw(), &handler_, &collect_fault, &faults);
  for (const auto& f : faults) UNSCOPED_INFO(f.pointer << " " << f.rule << ": " << f.message);
  REQUIRE(status == WB_OK);
  REQUIRE(handler_ != nullptr);
}

destination::~destination() {
  if (handler_ == nullptr) return;
  webhook()->drain(handler_, fake_host::monotonic_ms() + 10'000);
  webhook()->close(handler_);
}

wb_token destination::start(fake_delivery& what) {
  const auto token = fake_host::instance().new_token();
  REQUIRE(webhook()->deliver(handler_, what.fill(), token) == WB_OK);
  return token;
}

seen_result destination::deliver(fake_delivery& what) {
  const auto token = start(what);
  const auto seen = fake_host::instance().wait(token);
  REQUIRE(seen.has_value());
  webhook()->drain(handler_, fake_host::monotonic_ms() + 10'000);
  CHECK(fake_host::instance().completions(token) == 1);
  CHECK(fake_host::instance().retained(what) == 0);
  return *seen;
}

std::vector<seen_result> destination::deliver_batch(std::vector<fake_delivery>& what) {
  std::vector<const wb_delivery*> views;
  std::vector<wb_token> tokens;
  for (auto& one : what) {
    views.push_back(one.fill());
    tokens.push_back(fake_host::instance().new_token());
  }
  REQUIRE(webhook()->deliver_batch(handler_, views.data(), tokens.data(), tokens.size()) == WB_OK);
  std::vector<seen_result> out;
  for (const auto token : tokens) {
    const auto seen = fake_host::instance().wait(token);
    REQUIRE(seen.has_value());
    out.push_back(*seen);
  }
  webhook()->drain(handler_, fake_host::monotonic_ms() + 10'000);
  for (const auto token : tokens) CHECK(fake_host::instance().completions(token) == 1);
  for (const auto& one : what) CHECK(fake_host::instance().retained(one) == 0);
  return out;
}

seen_result destination::test(std::int64_t timeout_ms) {
  const auto token = fake_host::instance().new_token();
  REQUIRE(webhook()->test_connection(handler_, token, fake_host::monotonic_ms() + timeout_ms) == WB_OK);
  const auto seen = fake_host::instance().wait(token);
  REQUIRE(seen.has_value());
  return *seen;
}

std::vector<seen_fault> faults_of(const nlohmann::json& config) {
  std::vector<seen_fault> faults;
  const auto text = config.dump();
  const auto status = webhook()->validate(to_str(text), &collect_fault, &faults);
  CHECK((status == WB_OK) == faults.empty());
  return faults;
}

std::vector<std::string> fault_names(const nlohmann::json& config) {
  std::vector<std::string> names;
  for (const auto& f : faults_of(config)) names.push_back(f.pointer + " " + f.rule);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace waybill::testing
