// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "api/server.hpp"
#include "core/telemetry/metrics.hpp"
#include "tests/api/fake_service.hpp"
#include "tests/api/http_client.hpp"

namespace waybill::tests {

/// The machine's clocks, with the monotonic one put forward by hand.
class pushed_clock final : public core::clock {
public:
  [[nodiscard]] core::utc_time now() const override { return real_.now(); }
  [[nodiscard]] core::mono_time monotonic() const override {
    return real_.monotonic() + std::chrono::milliseconds{ahead_ms_.load()};
  }
  void push(std::chrono::milliseconds by) { ahead_ms_ += by.count(); }

private:
  core::system_clock real_;
  std::atomic<std::int64_t> ahead_ms_{0};
};

/// A server on a free port over a fake service.
struct running_server {
  explicit running_server(api::http_options options = {}, fake_service::answers how = fake_service::answers::from_a_thread)
      : service(how) {
    options.listen = "127.0.0.1:0";
    auto started = api::http_server::start(options, service, metrics, clock);
    if (started) server = std::move(*started);
  }

  [[nodiscard]] http_client client(std::string_view key = fake_service::admin_key) const {
    return http_client{server->address(), std::string{key}};
  }

  fake_service service;
  core::metrics metrics;
  pushed_clock clock;
  std::unique_ptr<api::http_server> server;
};

/// Asks until it holds, five seconds at most.
template <class Condition>
bool eventually(Condition holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace waybill::tests
