// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin_host/handler.hpp"
#include "core/plugin_host/loaded_plugin.hpp"

namespace waybill::core {

/// The plugin_host: loads shared libraries and keeps what they are. A library passes, in this order: it maps, it has the
/// entry, the entry returns 0 in time and writes no further than it may, the table is sound, the schema is one, the type is
/// new. Everything that is wrong at the step where it stops is in the reason. Thread-safe.
class dynamic_plugin_host final : public plugin_host {
public:
  struct options {
    std::size_t blocking_threads = 8;
    std::chrono::milliseconds hook_limit{5'000};  ///< real time for entry, validate and open, which all should be instant
  };

  dynamic_plugin_host(const clock& time, options settings);
  ~dynamic_plugin_host() override;  ///< stops the pools; handlers should be gone
  dynamic_plugin_host(const dynamic_plugin_host&) = delete;
  dynamic_plugin_host& operator=(const dynamic_plugin_host&) = delete;

  result<const handler_type*> load(const std::string& path) override;
  std::vector<refused_plugin> load_folder(const std::string& folder) override;
  [[nodiscard]] const handler_type* find(std::string_view type) const override;
  [[nodiscard]] std::vector<const handler_type*> types() const override;
  /// Since this host was made; of all plugins of the process.
  [[nodiscard]] plugin_host_stats stats() const override;

  /// As find, with the parts the conformance suite takes apart.
  [[nodiscard]] const loaded_plugin* find_plugin(std::string_view type) const;

private:
  [[nodiscard]] result<plugin_table> ask_for_table(const std::string& path, std::string& absolute);
  [[nodiscard]] result<const handler_type*> keep(plugin_table table, std::string path);

  const clock& time_;
  const options settings_;
  const plugin_host_stats at_start_;
  const std::shared_ptr<host_threads> threads_;
  mutable std::mutex lock_;
  std::vector<std::unique_ptr<loaded_plugin>> plugins_;
};

}  // namespace waybill::core
