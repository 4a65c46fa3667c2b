// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin_host/dynamic_plugin_host.hpp"
#include "tests/plugin_host/eventually.hpp"
#include "tests/plugin_host/fake_services.hpp"

namespace waybill::tests {

[[nodiscard]] inline std::string bad_plugin(const std::string& name) { return WAYBILL_BAD_PLUGINS "/" + name + ".so"; }

/// A host with one plugin loaded and one handler opened.
struct opened {
  explicit opened(const std::string& path, const nlohmann::json& config = nlohmann::json::object())
      : services(std::make_shared<fake_services>()) {
    auto loaded = host.load(path);
    INFO((loaded ? std::string{} : loaded.error().message));
    REQUIRE(loaded);
    type = *loaded;
    auto made = type->open(config, core::destination_id::make(), services);
    INFO((made ? std::string{} : made.error().message));
    REQUIRE(made);
    handler = *made;
  }

  /// Delivers and waits for the outcome.
  [[nodiscard]] core::attempt_result deliver(std::string content = R"({"n":1})") {
    auto outcome = std::make_shared<std::promise<core::attempt_result>>();
    auto future = outcome->get_future();
    last = handler->deliver({make_task(std::move(content)), 1, time.monotonic() + std::chrono::seconds{30}},
                            [outcome](core::attempt_result r) { outcome->set_value(std::move(r)); });
    REQUIRE(future.wait_for(std::chrono::seconds{10}) == std::future_status::ready);
    return future.get();
  }
  /// What came of each task while the call was on the stack: these plugins answer at once or never.
  [[nodiscard]] std::vector<std::optional<core::attempt_result>> deliver_batch(std::size_t count) {
    auto outcomes = std::make_shared<std::vector<std::optional<core::attempt_result>>>(count);
    std::vector<core::delivery_call> calls;
    std::vector<core::handler::completion> done;
    for (std::size_t i = 0; i < count; ++i) {
      calls.push_back({make_task("{}"), 1, time.monotonic() + std::chrono::seconds{30}});
      done.push_back([outcomes, i](core::attempt_result r) { outcomes->at(i) = std::move(r); });
    }
    CHECK(handler->deliver_batch(std::move(calls), std::move(done)).size() == count);
    return *outcomes;
  }
  [[nodiscard]] core::attempt_result test_connection() {
    auto outcome = std::make_shared<std::promise<core::attempt_result>>();
    auto future = outcome->get_future();
    last = handler->test_connection(time.monotonic() + std::chrono::seconds{30},
                                    [outcome](core::attempt_result r) { outcome->set_value(std::move(r)); });
    REQUIRE(future.wait_for(std::chrono::seconds{10}) == std::future_status::ready);
    return future.get();
  }

  core::system_clock time;
  core::dynamic_plugin_host host{time, {}};
  std::shared_ptr<fake_services> services;
  const core::handler_type* type = nullptr;
  std::shared_ptr<core::handler> handler;
  core::handler::token last = 0;
};

}  // namespace waybill::tests
