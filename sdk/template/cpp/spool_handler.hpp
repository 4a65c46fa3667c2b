// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <waybill/handler.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "config.hpp"

/// One spool folder. The engine calls deliver and test_connection on a pool thread, one at a time; only cancel comes from
/// elsewhere meanwhile.
class spool_handler final : public waybill::sdk::handler {
public:
  static waybill::sdk::plugin_info info();
  static void validate(std::string_view config, waybill::sdk::fault_sink& faults);
  static std::unique_ptr<spool_handler> open(std::string_view config, waybill::sdk::handler_context context,
                                             waybill::sdk::fault_sink& faults);

  spool_handler(config settings, waybill::sdk::handler_context context) : settings_(std::move(settings)), context_(context) {}

  void test_connection(std::int64_t deadline_ms, waybill::sdk::completion&& done) override;
  void deliver(const waybill::sdk::delivery& what, waybill::sdk::completion&& done) override;
  void cancel(wb_token which) override { cancelled_ = which; }

private:
  [[nodiscard]] waybill::sdk::result write(const waybill::sdk::delivery& what, wb_token token);

  const config settings_;
  const waybill::sdk::handler_context context_;
  std::atomic<wb_token> cancelled_{0};
};
