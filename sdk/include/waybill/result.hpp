// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <waybill/host.hpp>
#include <waybill/plugin.h>

namespace waybill::sdk {

enum class action : std::uint32_t {
  delivered = WB_ACTION_DELIVERED,
  retry = WB_ACTION_RETRY,
  reject = WB_ACTION_REJECT,
  throttled = WB_ACTION_THROTTLED,
  canceled = WB_ACTION_CANCELED
};

enum class category : std::uint32_t {
  none = 0,
  configuration = WB_CATEGORY_CONFIGURATION,
  network = WB_CATEGORY_NETWORK,
  authentication = WB_CATEGORY_AUTHENTICATION,
  rate_limit = WB_CATEGORY_RATE_LIMIT,
  validation = WB_CATEGORY_VALIDATION,
  remote = WB_CATEGORY_REMOTE,
  timeout = WB_CATEGORY_TIMEOUT,
  system = WB_CATEGORY_SYSTEM
};

/// What happened to one call. Owns its texts; none of them may hold a secret. `detail` is for the operator, `message` for
/// the customer.
struct result {
  action what = action::retry;
  category why = category::system;
  std::int32_t code = 0;  ///< HTTP status, SMTP code, ...
  std::uint64_t retry_after_ms = 0;
  std::uint64_t bytes_sent = 0;
  bool disable_destination = false;
  std::string external_reference;
  std::string detail;
  std::string message;
  std::string request;   ///< a JSON object or empty
  std::string response;  ///< a JSON object or empty

  [[nodiscard]] static result delivered(std::int32_t code = 0) { return of(action::delivered, category::none, code, {}); }
  [[nodiscard]] static result retry(category why, std::string detail, std::int32_t code = 0) {
    return of(action::retry, why, code, std::move(detail));
  }
  [[nodiscard]] static result reject(category why, std::string detail, std::int32_t code = 0) {
    return of(action::reject, why, code, std::move(detail));
  }
  [[nodiscard]] static result throttled(std::uint64_t retry_after_ms, std::string detail, std::int32_t code = 0) {
    auto r = of(action::throttled, category::rate_limit, code, std::move(detail));
    r.retry_after_ms = retry_after_ms;
    return r;
  }
  [[nodiscard]] static result canceled() { return of(action::canceled, category::none, 0, "canceled"); }

  /// Views into this object.
  [[nodiscard]] wb_result raw() const noexcept {
    wb_result r{};
    r.struct_size = sizeof r;
    r.action = static_cast<std::uint32_t>(what);
    r.category = static_cast<std::uint32_t>(why);
    r.code = code;
    r.retry_after_ms = retry_after_ms;
    r.bytes_sent = bytes_sent;
    r.disable_destination = disable_destination ? 1 : 0;
    r.external_reference = str(external_reference);
    r.detail = str(detail);
    r.message = str(message);
    r.request = str(request);
    r.response = str(response);
    return r;
  }

private:
  [[nodiscard]] static result of(action what, category why, std::int32_t code, std::string detail) {
    result r;
    r.what = what;
    r.why = why;
    r.code = code;
    r.detail = std::move(detail);
    return r;
  }
};

/// The duty to end one call, exactly once. Move it to where the outcome will be known and call it there. Dropped without
/// a call it answers retry/system itself, so no token is ever lost.
class completion {
public:
  explicit completion(wb_token token) noexcept : token_(token) {}
  completion(completion&& other) noexcept : token_(std::exchange(other.token_, 0)) {}
  completion& operator=(completion&& other) noexcept {
    std::swap(token_, other.token_);
    return *this;
  }
  ~completion() { fail("the handler gave up the call without an outcome"); }

  void operator()(const result& outcome) noexcept {
    if (token_ == 0) return;
    const auto raw = outcome.raw();
    host_table.complete(std::exchange(token_, 0), &raw);
  }
  /// retry/system, without an allocation.
  void fail(std::string_view detail) noexcept {
    if (token_ == 0) return;
    wb_result raw{};
    raw.struct_size = sizeof raw;
    raw.action = WB_ACTION_RETRY;
    raw.category = WB_CATEGORY_SYSTEM;
    raw.detail = str(detail);
    raw.message = str("The delivery could not be attempted because of an internal error.");
    host_table.complete(std::exchange(token_, 0), &raw);
  }
  [[nodiscard]] wb_token token() const noexcept { return token_; }  ///< 0 once it has ended
  explicit operator bool() const noexcept { return token_ != 0; }

private:
  wb_token token_;
};

}  // namespace waybill::sdk
