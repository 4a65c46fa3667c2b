// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <waybill/host_gate.hpp>
#include <waybill/transfer/oauth2.hpp>
#include <waybill/transfer/reactor.hpp>

namespace waybill::transfer {

/// The access token of a destination: fetched once for all who wait, kept in memory and in the host's store so that a restart
/// needs none, renewed in the background before it expires. A refresh token that an answer replaced is kept in the same
/// place; if it is refused, the configured one is tried once more. What a metadata server gives is not stored: it is next
/// door. Thread-safe; nothing here blocks, the store is asked on the reactor's worker. Made by make_shared.
class token_source : public std::enable_shared_from_this<token_source> {
public:
  /// Gets the token, or else why there is none. Called once, on any thread, perhaps at once.
  using waiter = std::function<void(const std::string& token, const token_failure& why)>;

  /// `way`: how the token URL is reached (TLS, proxy, guard, connect timeout); its URL and method are set here. `timeout` of
  /// one request. The reactor outlives the source.
  token_source(oauth2_settings settings, endpoint_options way, std::chrono::milliseconds timeout, reactor& reactor,
               std::shared_ptr<sdk::host_gate> host);

  /// The token if there is a usable one, else empty; starts a renewal if it is time.
  [[nodiscard]] std::string current();
  /// Waits for one that is not `refused`: a token that the receiver would not take any more.
  void fetch(const std::string& refused, waiter then);

private:
  class request;
  void ask_store();
  [[nodiscard]] std::string form();
  void send_request();
  void answered(const outcome& what);
  [[nodiscard]] bool falls_back(const token_failure& why);
  void settle(std::optional<access_token> token, const token_failure& why);
  void keep(const access_token& token);

  oauth2_settings settings_;
  endpoint_ptr endpoint_;
  std::unique_ptr<jwt_signer> assertions_;
  std::string fixed_form_;  ///< what is the same in every request
  std::string authorization_;
  std::string fingerprint_;  ///< of the settings: a stored token of other settings is not used
  std::chrono::milliseconds timeout_;
  reactor& reactor_;
  std::shared_ptr<sdk::host_gate> host_;

  std::mutex mutex_;
  access_token token_;           ///< guarded; refresh_token: the one that replaced the configured one, or empty
  std::vector<waiter> waiters_;  ///< guarded
  bool fetching_ = false;        ///< guarded
  bool store_asked_ = false;     ///< guarded
};

}  // namespace waybill::transfer
