// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/plugin_host/handler.hpp"
#include "core/plugin_host/handler_instance.hpp"
#include "core/plugin_host/plugin_table.hpp"
#include "core/schema/config_schema.hpp"

namespace waybill::core {

/// A plugin whose table has been found sound. Made by dynamic_plugin_host, lives as long as it does. Thread-safe.
/// validate and open run on a pool with a time limit: a plugin that hangs in them makes that call fail and no other.
class loaded_plugin final : public handler_type {
public:
  struct surroundings {
    std::string path;
    std::shared_ptr<host_threads> threads;
    std::chrono::milliseconds hook_limit;  ///< for validate and open
  };

  loaded_plugin(plugin_table table, core::config_schema schema, surroundings around);

  [[nodiscard]] const std::string& type() const override { return table_.type; }
  [[nodiscard]] const std::string& title() const override { return table_.title; }
  [[nodiscard]] const std::string& version() const override { return table_.version; }
  [[nodiscard]] const std::string& path() const override { return around_.path; }
  [[nodiscard]] std::uint64_t features() const override { return table_.slots.features; }
  [[nodiscard]] std::vector<std::string> feature_names() const override;
  [[nodiscard]] const nlohmann::json& config_schema() const override { return schema_.document(); }
  /// The plugin's own validate sees only what the schema accepts, defaults filled in.
  [[nodiscard]] std::vector<field_fault> validate(const nlohmann::json& config) const override;
  [[nodiscard]] result<std::shared_ptr<handler>> open(const nlohmann::json& config, destination_id id,
                                                      std::shared_ptr<handler_services> services) const override;

  /// The parts of the above, for the conformance suite.
  [[nodiscard]] std::vector<field_fault> validate_by_schema(const nlohmann::json& config) const {
    return schema_.validate(config);
  }
  [[nodiscard]] result<std::vector<field_fault>> validate_by_plugin(const nlohmann::json& config) const;
  [[nodiscard]] result<std::shared_ptr<handler_instance>> open_instance(const nlohmann::json& config, destination_id id,
                                                                        std::shared_ptr<handler_services> services,
                                                                        content_access access) const;

private:
  [[nodiscard]] tl::unexpected<error> overrun(const char* slot) const;

  const plugin_table table_;
  const core::config_schema schema_;
  const surroundings around_;
  /// Calls of validate and open that have overrun their limit and not come back; shared with them.
  const std::shared_ptr<std::atomic<int>> hanging_;
};

/// The face of an instance: what the engine holds. Its end is the beginning of the instance's.
class instance_face final : public handler {
public:
  explicit instance_face(std::shared_ptr<handler_instance> instance) : instance_(std::move(instance)) {}
  ~instance_face() override { instance_->close_when_done(); }
  instance_face(const instance_face&) = delete;
  instance_face& operator=(const instance_face&) = delete;

  token deliver(delivery_call call, completion done) override { return instance_->deliver(std::move(call), std::move(done)); }
  std::vector<token> deliver_batch(std::vector<delivery_call> calls, std::vector<completion> done) override {
    return instance_->deliver_batch(std::move(calls), std::move(done));
  }
  token test_connection(mono_time deadline, completion done) override {
    return instance_->test_connection(deadline, std::move(done));
  }
  void cancel(token which) override { instance_->cancel(which); }
  [[nodiscard]] std::size_t outstanding() const override { return instance_->outstanding(); }

private:
  std::shared_ptr<handler_instance> instance_;
};

}  // namespace waybill::core
