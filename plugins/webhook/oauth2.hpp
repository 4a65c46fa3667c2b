// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <waybill/result.hpp>
#include <waybill/transfer/reactor.hpp>

#include "config.hpp"
#include <waybill/host_gate.hpp>

namespace waybill::webhook {

/// An access token and until when it may be used.
struct access_token {
  std::string text;
  std::int64_t expires_at_ms = 0;  ///< Unix time
  std::int64_t renew_at_ms = 0;    ///< from then on a new one is fetched beside its use
};

/// Why there is no token.
struct token_failure {
  sdk::category why = sdk::category::authentication;
  std::int32_t code = 0;
  std::string detail;
};

/// Reads a token endpoint's answer (RFC 6749 section 5.1). Without expires_in a token is taken to live five minutes.
[[nodiscard]] std::optional<access_token> parse_token(std::string_view answer, std::int64_t now_ms);

/// The access token of a destination (OAuth 2.0 client credentials): fetched once for all who wait, kept in memory and in
/// the host's store so that a restart needs none, renewed in the background before it expires. Thread-safe; nothing here
/// blocks, the store is asked on the worker.
class token_source : public std::enable_shared_from_this<token_source> {
public:
  /// Gets the token, or else why there is none. Called once, on any thread, perhaps at once.
  using waiter = std::function<void(const std::string& token, const token_failure& why)>;

  token_source(oauth2_settings settings, transfer::endpoint_options way, std::chrono::milliseconds timeout,
               transfer::reactor& reactor, std::shared_ptr<sdk::host_gate> host);

  /// The token if there is a usable one, else empty; starts a renewal if it is time.
  [[nodiscard]] std::string current();
  /// Waits for one that is not `refused`: a token that the receiver would not take any more.
  void fetch(const std::string& refused, waiter then);

private:
  class request;
  void ask_store();
  void send_request();
  void answered(const transfer::outcome& what);
  void settle(std::optional<access_token> token, const token_failure& why);
  void keep(const access_token& token);

  oauth2_settings settings_;
  transfer::endpoint_ptr endpoint_;
  std::string form_;
  std::string authorization_;
  std::string fingerprint_;  ///< of the settings: a stored token of other settings is not used
  std::chrono::milliseconds timeout_;
  transfer::reactor& reactor_;
  std::shared_ptr<sdk::host_gate> host_;

  std::mutex mutex_;
  access_token token_;           ///< guarded
  std::vector<waiter> waiters_;  ///< guarded
  bool fetching_ = false;        ///< guarded
  bool store_asked_ = false;     ///< guarded
};

}  // namespace waybill::webhook
