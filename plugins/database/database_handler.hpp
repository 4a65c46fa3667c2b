// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <waybill/handler.hpp>

#include "target.hpp"

namespace waybill::database {

/// The handler of one destination: hands deliveries to its target. The host makes and closes it.
class database_handler final : public sdk::handler {
public:
  [[nodiscard]] static sdk::plugin_info info();
  static void validate(std::string_view config, sdk::fault_sink& faults);
  [[nodiscard]] static std::unique_ptr<database_handler> open(std::string_view config, sdk::handler_context context,
                                                              sdk::fault_sink& faults);

  explicit database_handler(std::shared_ptr<target> to) : target_(std::move(to)) {}
  // A job that has just ended may hold the target for a moment longer.
  ~database_handler() override { target_->close(); }
  database_handler(const database_handler&) = delete;
  database_handler& operator=(const database_handler&) = delete;

  void test_connection(std::int64_t deadline_ms, sdk::completion&& done) override;
  void deliver(const sdk::delivery& what, sdk::completion&& done) override;
  void deliver_batch(std::vector<sdk::batch_item> items) override;
  void cancel(wb_token token) override;
  void drain(std::int64_t deadline_ms) override;

private:
  std::shared_ptr<target> target_;
};

}  // namespace waybill::database
