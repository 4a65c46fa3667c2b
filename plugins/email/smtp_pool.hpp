// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "smtp_session.hpp"

namespace waybill::email {

/// The one thread on which every SMTP connection of this plugin runs: it only waits and passes bytes on. Made on first use
/// and never taken down: the engine does not unload plugins, and closes every handler before it ends.
[[nodiscard]] asio::io_context& smtp_thread();

/// The idle sessions of one destination: last used, first taken. Sessions are not shared between destinations, so what one
/// was allowed (its TLS settings, its credentials) never serves another. SMTP thread only, but for close.
class smtp_pool : public std::enable_shared_from_this<smtp_pool> {
public:
  smtp_pool(std::shared_ptr<const smtp_way> way, smtp_session::offloader offload);

  /// A session that has been used before, if one is left.
  [[nodiscard]] std::shared_ptr<smtp_session> take_idle();
  [[nodiscard]] std::shared_ptr<smtp_session> make() const;
  /// Keeps it for later, or ends it if it is of no more use.
  void give_back(std::shared_ptr<smtp_session> session);
  /// Ends every idle session, and every one that is given back from now on. THREAD: any.
  void close();
  [[nodiscard]] const smtp_way& way() const { return *way_; }

private:
  void sweep_later();

  std::shared_ptr<const smtp_way> way_;
  smtp_session::offloader offload_;
  asio::steady_timer sweep_;
  struct idle_session {
    std::shared_ptr<smtp_session> session;
    std::chrono::steady_clock::time_point since;
  };
  std::vector<idle_session> idle_;  ///< longest idle first
  bool sweeping_ = false;
  bool closed_ = false;
};

/// One mail, or one test of the connection, from the first command to the outcome: on a session of the pool, or on a new one
/// where that has been given up by the server meanwhile. Ended by its deadline or by abort, whatever the server does.
class smtp_call : public std::enable_shared_from_this<smtp_call> {
public:
  using ended = std::function<void(const smtp_outcome&, const std::string& protection)>;

  smtp_call(std::shared_ptr<smtp_pool> pool, std::chrono::steady_clock::time_point deadline, ended then);

  /// THREAD: any. `what` without recipients: only asks for leave to send.

  void start(std::string token, std::shared_ptr<const smtp_mail> what);
  void abort(channel_fault why);

private:
  void begin();
  void send();
  void over(smtp_outcome outcome);

  std::shared_ptr<smtp_pool> pool_;
  ended then_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_;
  std::string token_;
  std::shared_ptr<const smtp_mail> mail_;
  std::shared_ptr<smtp_session> session_;
  channel_fault aborted_;
  bool reused_ = false;
};

}  // namespace waybill::email
