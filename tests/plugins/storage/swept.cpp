// SPDX-License-Identifier: Apache-2.0
#include "swept.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <memory>

#include "../fake_host.hpp"
#include "plugins/storage/client_environment.hpp"
#include "plugins/storage/sweep.hpp"

namespace waybill::testing {

std::size_t swept(const nlohmann::json& config, const std::string& prefix, const std::string& owner, std::int64_t later_ms) {
  REQUIRE(sdk::adopt_host(fake_host::instance().table()));
  sdk::fault_sink faults{nullptr, nullptr};
  const auto settings = storage::parse_config(config.dump(), faults);
  REQUIRE(settings);
  fake_context context;
  const auto gate = std::make_shared<sdk::host_gate>(sdk::handler_context{context.raw()});
  const auto client = storage::make_client(
      settings->provider, {gate, settings->connection, std::make_shared<storage::upload_ledger>(gate), settings->retention});
  const auto by =
      std::make_shared<storage::call>(storage::call::clock::now() + std::chrono::seconds{20}, std::chrono::seconds{5});
  std::promise<storage::sweep_report> promise;
  storage::sweep::start(client, by, {prefix}, owner, sdk::now_ms() + later_ms,
                        [&](const storage::sweep_report& r) { promise.set_value(r); });
  const auto report = promise.get_future().get();
  gate->close();
  INFO(report.result.detail << report.failure);
  CHECK(report.result.what == sdk::action::delivered);
  CHECK(report.failed == 0);
  return report.deleted;
}

}  // namespace waybill::testing
