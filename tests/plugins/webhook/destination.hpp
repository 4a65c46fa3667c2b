// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../fake_host.hpp"
#include "../node_program.hpp"

namespace waybill::testing {

/// The built webhook plugin, loaded once.
[[nodiscard]] const loaded_plugin& webhook();

/// A handler of the loaded plugin, closed at its end.
class destination {
public:
  explicit destination(const nlohmann::json& config);
  ~destination();
  destination(const destination&) = delete;
  destination& operator=(const destination&) = delete;

  wb_token start(fake_delivery& what);
  seen_result deliver(fake_delivery& what);
  seen_result deliver() {
    fake_delivery what;
    return deliver(what);
  }
  /// In one call; waits for all outcomes.
  std::vector<seen_result> deliver_batch(std::vector<fake_delivery>& what);
  seen_result test(std::int64_t timeout_ms = 10'000);
  [[nodiscard]] wb_handler* handler() const { return handler_; }
  fake_context context;

private:
  wb_handler* handler_ = nullptr;
};

/// What validate says of a configuration.
[[nodiscard]] std::vector<seen_fault> faults_of(const nlohmann::json& config);
/// `pointer rule`, sorted.
[[nodiscard]] std::vector<std::string> fault_names(const nlohmann::json& config);

}  // namespace waybill::testing
