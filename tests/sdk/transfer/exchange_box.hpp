// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>

#include <waybill/transfer/reactor.hpp>

namespace waybill::testing {

/// An outcome, copied.
struct seen_outcome {
  transfer::ending how = transfer::ending::not_possible;
  std::int32_t status = 0;
  std::string headers, body, detail;
  bool truncated = false;
  std::uint64_t bytes_sent = 0;
};

/// An exchange whose outcome can be waited for.
class boxed final : public transfer::exchange {
public:
  using exchange::exchange;
  [[nodiscard]] std::future<seen_outcome> outcome() { return promise_.get_future(); }
  void finished(std::unique_ptr<exchange>, const transfer::outcome& o) noexcept override {
    promise_.set_value(
        {o.how, o.status, std::string{o.headers}, std::string{o.body}, o.detail, o.body_truncated, o.bytes_sent});
  }

private:
  std::promise<seen_outcome> promise_;
};

[[nodiscard]] inline bool allow_all(const std::uint8_t*, std::uint32_t, std::uint16_t) { return true; }

[[nodiscard]] inline transfer::endpoint_options options_for(std::string url, std::string method = "POST") {
  transfer::endpoint_options options;
  options.url = std::move(url);
  options.method = std::move(method);
  options.guard = &allow_all;
  return options;
}

[[nodiscard]] inline std::unique_ptr<boxed> make_exchange(transfer::endpoint_options options) {
  auto made = std::make_unique<boxed>(std::make_shared<const transfer::endpoint>(std::move(options)));
  made->deadline = transfer::exchange::clock::now() + std::chrono::seconds{15};
  return made;
}

[[nodiscard]] inline seen_outcome perform(transfer::reactor& reactor, std::unique_ptr<boxed> what) {
  auto outcome = what->outcome();
  reactor.submit(std::move(what));
  return outcome.get();
}

}  // namespace waybill::testing
