// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "../fake_host.hpp"

namespace waybill::testing {

/// The built email plugin, loaded once.
[[nodiscard]] const loaded_plugin& email_plugin();

/// A handler of the loaded plugin, closed at its end.
class destination {
public:
  explicit destination(const nlohmann::json& config);
  ~destination();
  destination(const destination&) = delete;
  destination& operator=(const destination&) = delete;

  wb_token start(fake_delivery& what);
  seen_result wait(wb_token token, fake_delivery& what);
  seen_result deliver(fake_delivery& what);
  seen_result deliver() {
    fake_delivery what;
    return deliver(what);
  }
  seen_result test(std::int64_t timeout_ms = 10'000);
  [[nodiscard]] wb_handler* handler() const { return handler_; }
  fake_context context;

private:
  wb_handler* handler_ = nullptr;
};

/// `pointer rule` of each fault that validate finds, sorted.
[[nodiscard]] std::vector<std::string> fault_names(const nlohmann::json& config);

/// A mail as Python's email package reads it: {"headers":{name: [values]}, "defects":[], "text", "html",
/// "attachments":[{"filename","type","size","sha256"}], "envelope":[]}.
[[nodiscard]] nlohmann::json read_mail(const std::string& raw);

}  // namespace waybill::testing
