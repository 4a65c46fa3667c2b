// SPDX-License-Identifier: Apache-2.0
#include "storage_destination.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace waybill::testing {

const loaded_plugin& storage() {
  static const loaded_plugin plugin{WAYBILL_STORAGE};
  return plugin;
}

storage_destination::storage_destination(const nlohmann::json& config) {
  std::vector<seen_fault> faults;
  const auto text = config.dump();
  const auto status = storage()->open(to_str(text), context.raw(), &handler_, &collect_fault, &faults);
  for (const auto& f : faults) UNSCOPED_INFO(f.pointer << " " << f.rule << ": " << f.message);
  REQUIRE(status == WB_OK);
  REQUIRE(handler_ != nullptr);
}

storage_destination::~storage_destination() {
  if (handler_ == nullptr) return;
  drain();
  storage()->close(handler_);
}

void storage_destination::drain() { storage()->drain(handler_, fake_host::monotonic_ms() + 10'000); }

wb_token storage_destination::start(fake_delivery& what) {
  const auto token = fake_host::instance().new_token();
  REQUIRE(storage()->deliver(handler_, what.fill(), token) == WB_OK);
  return token;
}

seen_result storage_destination::wait(wb_token token) {
  const auto seen = fake_host::instance().wait(token);
  REQUIRE(seen.has_value());
  return *seen;
}

seen_result storage_destination::deliver(fake_delivery& what) {
  const auto token = start(what);
  const auto seen = wait(token);
  drain();
  CHECK(fake_host::instance().completions(token) == 1);
  CHECK(fake_host::instance().retained(what) == 0);
  return seen;
}

std::vector<seen_result> storage_destination::deliver_batch(std::vector<fake_delivery>& what) {
  std::vector<const wb_delivery*> views;
  std::vector<wb_token> tokens;
  for (auto& one : what) {
    views.push_back(one.fill());
    tokens.push_back(fake_host::instance().new_token());
  }
  REQUIRE(storage()->deliver_batch(handler_, views.data(), tokens.data(), tokens.size()) == WB_OK);
  std::vector<seen_result> out;
  for (const auto token : tokens) out.push_back(wait(token));
  drain();
  for (const auto token : tokens) CHECK(fake_host::instance().completions(token) == 1);
  for (const auto& one : what) CHECK(fake_host::instance().retained(one) == 0);
  return out;
}

seen_result storage_destination::test(std::int64_t timeout_ms) {
  const auto token = fake_host::instance().new_token();
  REQUIRE(storage()->test_connection(handler_, token, fake_host::monotonic_ms() + timeout_ms) == WB_OK);
  return wait(token);
}

std::vector<std::string> storage_faults(const nlohmann::json& config) {
  std::vector<seen_fault> faults;
  const auto text = config.dump();
  const auto status = storage()->validate(to_str(text), &collect_fault, &faults);
  CHECK((status == WB_OK) == faults.empty());
  std::vector<std::string> names;
  for (const auto& f : faults) names.push_back(f.pointer + " " + f.rule);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace waybill::testing
