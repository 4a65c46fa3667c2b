// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "core/plugin_host/handler_instance.hpp"
#include "core/plugin_host/host_table.hpp"
#include "tests/plugin_host/fake_services.hpp"

#include <waybill/plugin.h>

/// The plugin's side: every hook is a function of the test; none set means the plainest right thing.
struct wb_handler {
  std::function<std::uint32_t(const wb_delivery*, wb_token)> deliver;
  std::function<std::uint32_t(const wb_delivery* const*, const wb_token*, std::uint64_t)> deliver_batch;
  std::function<std::uint32_t(wb_token)> test_connection;
  std::function<void(wb_token)> cancel;
  std::function<void(std::int64_t)> drain;
  std::atomic<int> closed{0};
  std::atomic<int> inside{0};  ///< hooks on the stack now, cancel aside
  std::atomic<int> most_inside{0};
};

namespace waybill::tests {

inline void answer(wb_token token, std::uint32_t action = WB_ACTION_DELIVERED) {
  wb_result r{};
  r.struct_size = sizeof r;
  r.action = action;
  core::host_table().complete(token, &r);
}

/// Counts how many hooks of a handler are on the stack.
class inside_hook {
public:
  explicit inside_hook(wb_handler* h) : handler_(h) {
    const int now = ++handler_->inside;
    int most = handler_->most_inside.load();
    while (now > most && !handler_->most_inside.compare_exchange_weak(most, now)) {}
  }
  ~inside_hook() { --handler_->inside; }
  inside_hook(const inside_hook&) = delete;
  inside_hook& operator=(const inside_hook&) = delete;

private:
  wb_handler* handler_;
};

[[nodiscard]] inline wb_plugin scripted_table(std::uint64_t features = 0) {
  wb_plugin t{};
  t.struct_size = sizeof t;
  t.abi_major = WB_ABI_MAJOR;
  t.features = features;
  t.deliver = [](wb_handler* h, const wb_delivery* d, wb_token token) -> std::uint32_t {
    const inside_hook here{h};
    if (h->deliver) return h->deliver(d, token);
    answer(token);
    return WB_OK;
  };
  t.deliver_batch = [](wb_handler* h, const wb_delivery* const* d, const wb_token* tokens, std::uint64_t n) -> std::uint32_t {
    const inside_hook here{h};
    if (h->deliver_batch) return h->deliver_batch(d, tokens, n);
    for (std::uint64_t i = 0; i < n; ++i) answer(tokens[i]);
    return WB_OK;
  };
  t.test_connection = [](wb_handler* h, wb_token token, std::int64_t) -> std::uint32_t {
    const inside_hook here{h};
    if (h->test_connection) return h->test_connection(token);
    answer(token);
    return WB_OK;
  };
  t.cancel = [](wb_handler* h, wb_token token) {
    if (h->cancel) h->cancel(token);
  };
  t.drain = [](wb_handler* h, std::int64_t deadline) {
    const inside_hook here{h};
    if (h->drain) h->drain(deadline);
  };
  t.close = [](wb_handler* h) {
    const inside_hook here{h};
    ++h->closed;
  };
  return t;
}

/// An instance around a scripted handler, which outlives it so that tests can ask whether it was closed.
struct scripted {
  explicit scripted(std::uint64_t features = 0, std::size_t blocking_threads = 2)
      : threads(std::make_shared<core::host_threads>(blocking_threads)),
        services(std::make_shared<fake_services>()),
        instance(std::make_shared<core::handler_instance>(
            scripted_table(features), core::handler_instance::identity{"scripted", core::destination_id::make()}, services,
            threads)) {
    instance->opened(plugin.get());
  }
  ~scripted() {
    if (instance) instance->close_when_done();
    instance.reset();
    threads->stop();
  }
  scripted(const scripted&) = delete;
  scripted& operator=(const scripted&) = delete;

  void drop() {
    instance->close_when_done();
    instance.reset();
  }

  std::unique_ptr<wb_handler> plugin = std::make_unique<wb_handler>();
  std::shared_ptr<core::host_threads> threads;
  std::shared_ptr<fake_services> services;
  std::shared_ptr<core::handler_instance> instance;
};

}  // namespace waybill::tests
