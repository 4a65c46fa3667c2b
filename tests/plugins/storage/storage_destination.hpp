// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../fake_host.hpp"

namespace waybill::testing {

/// The built storage plugin, loaded once.
[[nodiscard]] const loaded_plugin& storage();

/// A handler of the loaded plugin, closed at its end.
class storage_destination {
public:
  explicit storage_destination(const nlohmann::json& config);
  ~storage_destination();
  storage_destination(const storage_destination&) = delete;
  storage_destination& operator=(const storage_destination&) = delete;

  wb_token start(fake_delivery& what);
  seen_result deliver(fake_delivery& what);
  /// In one call; waits for all outcomes.
  std::vector<seen_result> deliver_batch(std::vector<fake_delivery>& what);
  seen_result test(std::int64_t timeout_ms = 15'000);
  seen_result wait(wb_token token);
  void drain();
  [[nodiscard]] wb_handler* handler() const { return handler_; }
  fake_context context;

private:
  wb_handler* handler_ = nullptr;
};

/// `pointer rule` of every fault that validate finds, sorted.
[[nodiscard]] std::vector<std::string> storage_faults(const nlohmann::json& config);

}  // namespace waybill::testing
