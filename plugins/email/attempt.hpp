// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <waybill/handler.hpp>

#include "content_sources.hpp"
#include "mail.hpp"
#include "target.hpp"

namespace waybill::email {

/// One attempt of one delivery, or one connection test, from deliver to complete:
///   link, and what is remembered of earlier attempts (worker; only where there is one) -> mail (there or on deliver's
///   thread) -> access token (only with OAuth 2.0; may have to be fetched) -> transmission -> after a refused token once more
///   with a fresh one -> result.
/// Kept alive by whatever it waits for. Dropped on the way it completes as retry/system by its completion.
class attempt : public std::enable_shared_from_this<attempt> {
public:
  using clock = std::chrono::steady_clock;

  static void deliver(const std::shared_ptr<target>& to, const sdk::delivery& what, sdk::completion&& done);
  static void test(const std::shared_ptr<target>& to, std::int64_t deadline_ms, sdk::completion&& done);

  attempt(std::shared_ptr<target> to, sdk::completion&& done);
  virtual ~attempt();
  attempt(const attempt&) = delete;
  attempt& operator=(const attempt&) = delete;

  /// THREAD: any.
  void cancel();

protected:
  /// What only this way of sending remembers of earlier attempts, on the worker. Is there any?
  [[nodiscard]] virtual bool remembers() const { return false; }
  virtual void recall() {}
  /// Turns `mail_` and the content into what will be sent. False, after completing, if that is impossible.
  [[nodiscard]] virtual bool build() = 0;
  /// Sends what was built, or the test; `token_` is set.
  virtual void transmit() = 0;
  /// Ends a transmission under way as canceled.
  virtual void interrupt() = 0;

  void start();
  void authorize(const std::string& refused = {});
  /// With OAuth 2.0, after a refused token: once more with a fresh one. False if that has been done already.
  [[nodiscard]] bool renew();
  void complete(sdk::result r);
  void reject(sdk::category why, std::string detail, std::string message);
  [[nodiscard]] bool canceled() const { return canceled_.load(std::memory_order_acquire); }
  /// The attachment's content, from its start; null if the mail has none. Only one of them is read at a time.
  [[nodiscard]] source_ptr content();
  /// `,"messageId":…,"content":{…}`: members of a request's record.
  [[nodiscard]] std::string mail_record() const;
  [[nodiscard]] std::string scrubbed(std::string text) const;

  std::shared_ptr<target> target_;
  sdk::retained_delivery what_;  ///< empty in a test
  mail mail_;
  std::string token_;  ///< of OAuth 2.0
  std::uint64_t id_;   ///< the token of the call
  clock::time_point deadline_;

private:
  void prepare();
  void set_deadline(std::int64_t deadline_ms, std::uint64_t bytes);
  [[nodiscard]] bool make_link(std::string& link);
  void compose(const std::string& link);

  sdk::completion done_;
  std::atomic<bool> canceled_{false};
  bool renewed_ = false;
};

}  // namespace waybill::email
