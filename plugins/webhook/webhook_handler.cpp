// SPDX-License-Identifier: Apache-2.0
#include "webhook_handler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "attempt.hpp"
#include "batch_attempt.hpp"
#include "config.hpp"
#include "schema.hpp"

namespace waybill::webhook {

sdk::plugin_info webhook_handler::info() {
  sdk::plugin_info info;
  info.type = "webhook";
  info.title = "Webhook";
  info.version = plugin_version;
  info.config_schema = config_schema;
  info.features = WB_FEATURE_SIGNING_SECRETS | WB_FEATURE_STREAMING | WB_FEATURE_BATCH;
  return info;
}

void webhook_handler::validate(std::string_view config, sdk::fault_sink& faults) {
  static_cast<void>(parse_config(config, faults));
}

std::unique_ptr<webhook_handler> webhook_handler::open(std::string_view config, sdk::handler_context context,
                                                       sdk::fault_sink& faults) {
  auto settings = parse_config(config, faults);
  if (!settings) return nullptr;
  return std::make_unique<webhook_handler>(std::make_shared<target>(std::move(*settings), context));
}

void webhook_handler::test_connection(std::int64_t deadline_ms, sdk::completion&& done) {
  attempt::test(target_, deadline_ms, std::move(done));
}

void webhook_handler::deliver(const sdk::delivery& what, sdk::completion&& done) {
  attempt::deliver(target_, what, std::move(done));
}

void webhook_handler::deliver_batch(std::vector<sdk::batch_item> items) { batch_attempt::deliver(target_, std::move(items)); }

void webhook_handler::cancel(wb_token token) {
  const auto request = target_->cancel_in_batch(token);
  if (request != 0 && !target_->cancel_preparing(request)) plugin_reactor().cancel(request);
}

void webhook_handler::drain(std::int64_t deadline_ms) {
  target_->wait_idle(std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)});
}

}  // namespace waybill::webhook
