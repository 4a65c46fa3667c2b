// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include <waybill/host_gate.hpp>
#include <waybill/transfer/reactor.hpp>
#include <waybill/transfer/record.hpp>
#include <waybill/transfer/sigv4.hpp>
#include <waybill/transfer/token_source.hpp>

#include "config.hpp"
#include "http_provider.hpp"
#include "mail.hpp"
#include "smtp_pool.hpp"

namespace waybill::email {

class attempt;

/// The one reactor of this plugin for HTTP, and its worker for all that blocks. Made on first use and never taken down: the
/// engine does not unload plugins, and closes every handler before it ends.
[[nodiscard]] transfer::reactor& plugin_reactor();

/// All of one destination that its attempts share: what was derived from the configuration, once. Made by open; shared by
/// the handler and by the attempts under way, which may outlive it by a moment.
class target {
public:
  target(config settings, sdk::handler_context context);
  ~target();

  // Constant after construction.
  const config settings;
  const sdk::handler_context context;  ///< while a token is outstanding
  const std::shared_ptr<sdk::host_gate> host;
  transfer::redactor secrets;
  std::shared_ptr<transfer::token_source> tokens;  ///< with OAuth 2.0
  std::shared_ptr<smtp_pool> smtp;                 ///< with SMTP, else:
  std::unique_ptr<http_provider> http;
  transfer::endpoint_ptr endpoint;
  std::unique_ptr<transfer::sigv4_signer> signer;

  /// Makes a mail; one at a time, from any thread.
  [[nodiscard]] std::optional<mail> make(const sdk::delivery& what, const std::string& link, std::string& why);
  [[nodiscard]] const mail_maker& maker() const { return maker_; }

  /// Attempts under way, by their token, so that they can be canceled and waited for.
  void enter(wb_token token, std::weak_ptr<attempt> one);
  void leave(wb_token token);
  [[nodiscard]] std::shared_ptr<attempt> find(wb_token token);
  /// The content of a delivery may be held for a moment longer than its attempt lasts.
  [[nodiscard]] std::shared_ptr<void> presence(const std::shared_ptr<target>& self);
  /// Waits until no attempt is left, or until `limit`.
  void wait_idle(std::chrono::milliseconds limit);

private:
  [[nodiscard]] transfer::endpoint_options way() const;
  void set_up_smtp();
  void set_up_http();
  void learn_secrets();
  void learn_secrets(const transfer::oauth2_settings& from);
  void come();
  void go();

  mail_maker maker_;
  std::mutex making_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::unordered_map<wb_token, std::weak_ptr<attempt>> under_way_;  ///< guarded
  std::size_t present_ = 0;                                         ///< guarded
};

}  // namespace waybill::email
