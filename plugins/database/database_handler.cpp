// SPDX-License-Identifier: Apache-2.0
#include "database_handler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "config.hpp"
#include "schema.hpp"

namespace waybill::database {
namespace {

pending_row row_of(const sdk::delivery& what, sdk::completion&& done) {
  pending_row out{sdk::retained_delivery{what}, std::move(done), {}, {}, {}, {}, 1, false};
  return out;
}

}  // namespace

sdk::plugin_info database_handler::info() {
  sdk::plugin_info info;
  info.type = "database";
  info.title = "Database";
  info.version = plugin_version;
  info.config_schema = config_schema;
  info.features = WB_FEATURE_STREAMING | WB_FEATURE_BATCH;
  return info;
}

void database_handler::validate(std::string_view config, sdk::fault_sink& faults) {
  static_cast<void>(parse_config(config, faults));
}

std::unique_ptr<database_handler> database_handler::open(std::string_view config, sdk::handler_context context,
                                                         sdk::fault_sink& faults) {
  auto settings = parse_config(config, faults);
  if (!settings) return nullptr;
  return std::make_unique<database_handler>(std::make_shared<target>(std::move(*settings), context));
}

void database_handler::test_connection(std::int64_t deadline_ms, sdk::completion&& done) {
  target_->test(deadline_ms, std::move(done));
}

void database_handler::deliver(const sdk::delivery& what, sdk::completion&& done) {
  pending_rows one;
  one.push_back(row_of(what, std::move(done)));
  target_->insert(std::move(one));
}

void database_handler::deliver_batch(std::vector<sdk::batch_item> items) {
  pending_rows all;
  all.reserve(items.size());
  for (auto& item : items) all.push_back(row_of(item.what, std::move(item.done)));
  if (!all.empty()) target_->insert(std::move(all));
}

void database_handler::cancel(wb_token token) { target_->cancel(token); }

void database_handler::drain(std::int64_t deadline_ms) {
  target_->wait_idle(std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)});
}

}  // namespace waybill::database
