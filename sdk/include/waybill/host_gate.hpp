// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <waybill/host.hpp>

namespace waybill::sdk {

/// The host's side of a handler, for what may outlive it: a token being renewed in the background. After close() every
/// call answers as a host that has nothing would, so the host's pointer is never used again. Thread-safe.
class host_gate {
public:
  explicit host_gate(sdk::handler_context context) : context_(context) {}

  void close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  [[nodiscard]] bool connect_allowed(const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
    const std::lock_guard lock{mutex_};
    return !closed_ && context_.connect_allowed(address, size, port);
  }
  void log(sdk::log_level level, std::string_view text) {
    const std::lock_guard lock{mutex_};
    if (!closed_) context_.log(level, text);
  }
  /// False if the handler is closed.
  bool metric_add(std::string_view name, double value) {
    const std::lock_guard lock{mutex_};
    if (!closed_) context_.metric_add(name, value);
    return !closed_;
  }
  void metric_observe(std::string_view name, double value) {
    const std::lock_guard lock{mutex_};
    if (!closed_) context_.metric_observe(name, value);
  }
  std::uint32_t state_get(std::string_view key, std::string& value) {
    const std::lock_guard lock{mutex_};
    return closed_ ? static_cast<std::uint32_t>(WB_NOT_FOUND) : context_.state_get(key, value);
  }
  std::uint32_t state_put(std::string_view key, std::string_view value) {
    const std::lock_guard lock{mutex_};
    return closed_ ? static_cast<std::uint32_t>(WB_FAILED) : context_.state_put(key, value);
  }

private:
  std::mutex mutex_;
  sdk::handler_context context_;
  bool closed_ = false;
};

}  // namespace waybill::sdk
