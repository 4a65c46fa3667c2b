// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin_host/dynamic_plugin_host.hpp"
#include "sdk/check/pending_call.hpp"
#include "sdk/check/recording_services.hpp"
#include "sdk/check/suite.hpp"

namespace waybill::sdk::check {

/// A handler the suite opened, and what it may ask for. Dropping it closes the handler.
struct opened_handler {
  std::shared_ptr<recording_services> services;
  std::shared_ptr<core::handler_instance> instance;

  opened_handler() = default;
  opened_handler(opened_handler&&) = default;
  opened_handler& operator=(opened_handler&&) = delete;
  ~opened_handler() { drop(); }
  void drop() {
    if (instance) instance->close_when_done();
    instance.reset();
  }
};

/// The plugin, the host it is loaded in, and everything it has let us see: the texts in which a secret could have gone.
class plugin_under_test {
public:
  explicit plugin_under_test(const options& settings);
  ~plugin_under_test();
  plugin_under_test(const plugin_under_test&) = delete;
  plugin_under_test& operator=(const plugin_under_test&) = delete;

  /// Empty, or why not.
  [[nodiscard]] std::string load();
  [[nodiscard]] const core::loaded_plugin& plugin() const { return *plugin_; }
  [[nodiscard]] bool has(std::uint64_t feature) const { return (plugin_->features() & feature) != 0; }
  [[nodiscard]] core::plugin_host_stats stats() const { return host_.stats(); }
  [[nodiscard]] const options& settings() const { return settings_; }

  /// A handler without an instance, and `why`, if the plugin does not open.
  [[nodiscard]] opened_handler open(std::string& why, recording_services::guard policy = recording_services::guard::open,
                                    core::content_access access = core::content_access::in_memory);
  [[nodiscard]] pending_call_ptr deliver(const opened_handler& to, std::chrono::milliseconds within,
                                         std::string content = R"({"hello":"from waybill-plugin-check"})");
  /// One call with a delivery for each of `contents`.
  [[nodiscard]] std::vector<pending_call_ptr> deliver_batch(const opened_handler& to, std::chrono::milliseconds within,
                                                            std::vector<std::string> contents);
  [[nodiscard]] pending_call_ptr test_connection(const opened_handler& to, std::chrono::milliseconds within);
  /// Waits up to `limit`, and keeps what the result said for the search for secrets.
  [[nodiscard]] bool wait(const pending_call_ptr& call, std::chrono::milliseconds limit);

  void remember(std::string_view text);
  /// What must be seen nowhere: the secrets of the configuration and the signing secrets the host adds. Empty before load.
  [[nodiscard]] const std::vector<std::string>& secrets() const { return secrets_; }
  /// Where each secret was met: the text before it.
  [[nodiscard]] std::vector<std::string> places_of_secrets();

private:
  void add_signing_secrets();

  const options settings_;
  core::system_clock time_;
  core::dynamic_plugin_host host_;
  const core::loaded_plugin* plugin_ = nullptr;
  nlohmann::json config_;
  std::vector<std::string> secrets_;
  std::mutex lock_;
  std::vector<std::string> seen_;
};

}  // namespace waybill::sdk::check
