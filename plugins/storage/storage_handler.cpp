// SPDX-License-Identifier: Apache-2.0
#include "storage_handler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "config.hpp"
#include "schema.hpp"
#include "storing.hpp"

namespace waybill::storage {

sdk::plugin_info storage_handler::info() {
  sdk::plugin_info info;
  info.type = "storage";
  info.title = "Storage";
  info.version = plugin_version;
  info.config_schema = config_schema;
  info.features = WB_FEATURE_STREAMING | WB_FEATURE_BATCH;
  return info;
}

void storage_handler::validate(std::string_view config, sdk::fault_sink& faults) {
  static_cast<void>(parse_config(config, faults));
}

std::unique_ptr<storage_handler> storage_handler::open(std::string_view config, sdk::handler_context context,
                                                       sdk::fault_sink& faults) {
  auto settings = parse_config(config, faults);
  if (!settings) return nullptr;
  return std::make_unique<storage_handler>(std::make_shared<target>(std::move(*settings), context));
}

storage_handler::~storage_handler() {
  target_->housekeeping->stop();
  target_->host->close();
}

void storage_handler::test_connection(std::int64_t deadline_ms, sdk::completion&& done) {
  store_test(target_, deadline_ms, std::move(done));
}

void storage_handler::deliver(const sdk::delivery& what, sdk::completion&& done) {
  store_delivery(target_, what, std::move(done));
}

void storage_handler::deliver_batch(std::vector<sdk::batch_item> items) { store_batch(target_, std::move(items)); }

void storage_handler::cancel(wb_token token) { target_->cancel(token); }

void storage_handler::drain(std::int64_t deadline_ms) {
  target_->drain(std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)});
}

}  // namespace waybill::storage
