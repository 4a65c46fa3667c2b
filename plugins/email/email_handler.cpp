// SPDX-License-Identifier: Apache-2.0
#include "email_handler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "attempt.hpp"
#include "config.hpp"
#include "schema.hpp"

namespace waybill::email {

sdk::plugin_info email_handler::info() {
  sdk::plugin_info info;
  info.type = "email";
  info.title = "E-mail";
  info.version = plugin_version;
  info.config_schema = config_schema;
  info.features = WB_FEATURE_STREAMING;
  return info;
}

void email_handler::validate(std::string_view config, sdk::fault_sink& faults) {
  static_cast<void>(parse_config(config, faults));
}

std::unique_ptr<email_handler> email_handler::open(std::string_view config, sdk::handler_context context,
                                                   sdk::fault_sink& faults) {
  auto settings = parse_config(config, faults);
  if (!settings) return nullptr;
  return std::make_unique<email_handler>(std::make_shared<target>(std::move(*settings), context));
}

email_handler::~email_handler() {
  target_->host->close();
  if (target_->smtp) target_->smtp->close();
}

void email_handler::test_connection(std::int64_t deadline_ms, sdk::completion&& done) {
  attempt::test(target_, deadline_ms, std::move(done));
}

void email_handler::deliver(const sdk::delivery& what, sdk::completion&& done) {
  attempt::deliver(target_, what, std::move(done));
}

void email_handler::cancel(wb_token token) {
  if (const auto found = target_->find(token)) found->cancel();
}

void email_handler::drain(std::int64_t deadline_ms) {
  target_->wait_idle(std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)});
}

}  // namespace waybill::email
