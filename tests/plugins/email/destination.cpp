// SPDX-License-Identifier: Apache-2.0
#include "destination.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "../nginx_server.hpp"

namespace waybill::testing {

const loaded_plugin& email_plugin() {
  static const loaded_plugin plugin{WAYBILL_EMAIL};
  return plugin;
}

destination::destination(const nlohmann::json& config) {
  std::vector<seen_fault> faults;
  const auto text = config.dump();
  const auto status = email_plugin()->open(to_str(text), context.raw(), &handler_, &collect_fault, &faults);
  for (const auto& f : faults) UNSCOPED_INFO(f.pointer << " " << f.rule << ": " << f.message);
  REQUIRE(status == WB_OK);
  REQUIRE(handler_ != nullptr);
}

destination::~destination() {
  if (handler_ == nullptr) return;
  email_plugin()->drain(handler_, fake_host::monotonic_ms() + 10'000);
  email_plugin()->close(handler_);
}

wb_token destination::start(fake_delivery& what) {
  const auto token = fake_host::instance().new_token();
  REQUIRE(email_plugin()->deliver(handler_, what.fill(), token) == WB_OK);
  return token;
}

seen_result destination::wait(wb_token token, fake_delivery& what) {
  const auto seen = fake_host::instance().wait(token);
  REQUIRE(seen.has_value());
  email_plugin()->drain(handler_, fake_host::monotonic_ms() + 10'000);
  CHECK(fake_host::instance().completions(token) == 1);
  CHECK(fake_host::instance().retained(what) == 0);
  return *seen;
}

seen_result destination::deliver(fake_delivery& what) { return wait(start(what), what); }

seen_result destination::test(std::int64_t timeout_ms) {
  const auto token = fake_host::instance().new_token();
  REQUIRE(email_plugin()->test_connection(handler_, token, fake_host::monotonic_ms() + timeout_ms) == WB_OK);
  const auto seen = fake_host::instance().wait(token);
  REQUIRE(seen.has_value());
  return *seen;
}

std::vector<std::string> fault_names(const nlohmann::json& config) {
  std::vector<seen_fault> faults;
  const auto text = config.dump();
  const auto status = email_plugin()->validate(to_str(text), &collect_fault, &faults);
  CHECK((status == WB_OK) == faults.empty());
  std::vector<std::string> names;
  for (const auto& f : faults) names.push_back(f.pointer + " " + f.rule);
  std::sort(names.begin(), names.end());
  return names;
}

nlohmann::json read_mail(const std::string& raw) {
  const temporary_folder folder;
  folder.write("mail", raw);
  REQUIRE(run({"python3", "-B", WAYBILL_READ_MAIL, folder.path() + "/mail"}, folder.path() + "/read") == 0);
  return nlohmann::json::parse(folder.read("read"));
}

}  // namespace waybill::testing
