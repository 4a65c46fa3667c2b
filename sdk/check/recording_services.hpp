// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "core/plugin_host/handler.hpp"

namespace waybill::sdk::check {

/// What the engine would give a handler, in memory: state that lasts as long as the run, a guard that lets everything
/// through or nothing and counts how often it was asked. Thread-safe.
class recording_services final : public core::handler_services {
public:
  enum class guard : std::uint8_t { open = 1, closed };
  explicit recording_services(guard policy = guard::open) : policy_(policy) {}

  [[nodiscard]] bool connect_allowed(const std::uint8_t*, std::size_t, std::uint16_t) const override {
    ++asked_;
    return policy_ == guard::open;
  }
  core::result<std::string> state_get(core::destination_id id, std::string_view key) override {
    std::lock_guard hold{lock_};
    const auto found = state_.find({id, std::string{key}});
    if (found == state_.end()) return core::fail(core::error_code::not_found, "no such key");
    return found->second;
  }
  core::result<void> state_put(core::destination_id id, std::string_view key, std::string_view value) override {
    std::lock_guard hold{lock_};
    state_[{id, std::string{key}}] = std::string{value};
    return {};
  }
  core::result<std::string> link_create(core::destination_id, const core::delivery& d, std::string_view) override {
    return "https://links.example/d/" + d.id.to_string();
  }
  [[nodiscard]] core::result<void> check_link(std::string_view) const override { return {}; }
  /// The suite's deliveries carry their content; those for streaming plugins come through wb_host.read all the same.
  core::result<std::size_t> read_payload(const core::delivery&, std::uint64_t, std::uint8_t*, std::size_t) override {
    return core::fail(core::error_code::payload_not_found, "the suite stores no payloads");
  }
  core::result<std::string> load_payload(const core::delivery&) override {
    return core::fail(core::error_code::payload_not_found, "the suite stores no payloads");
  }
  void metric_add(const std::string&, std::string_view, double) override {}
  void metric_observe(const std::string&, std::string_view, double) override {}

  [[nodiscard]] int times_asked() const { return asked_; }

private:
  const guard policy_;
  mutable std::atomic<int> asked_{0};
  std::mutex lock_;
  std::map<std::pair<core::destination_id, std::string>, std::string> state_;
};

}  // namespace waybill::sdk::check
