// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <waybill/handler.hpp>
#include <waybill/transfer/exchange.hpp>

#include "body_streams.hpp"
#include "target.hpp"

namespace waybill::webhook {

/// Members of a request's record about what was sent: `,"content":{"bytes","sha256"}`.
[[nodiscard]] std::string content_record(const sdk::delivery& what);

/// What a body that streams may take beyond the time limit, which then is on stretches without progress: a second per MiB.
[[nodiscard]] std::chrono::milliseconds time_for(const sdk::delivery& what);

/// One attempt of one delivery, or one connection test, from deliver to complete:
///   body and headers (deliver's thread) -> signature (there too; on the worker if the body streams) -> authorization (a
///   token may have to be fetched) -> request (reactor) -> after a 401 with OAuth 2.0 once more with a fresh token -> result.
/// Owned by whichever of these has it. Dropped on the way it completes as retry/system by its completion.
class attempt : public transfer::exchange {
public:
  static void deliver(std::shared_ptr<target> to, const sdk::delivery& what, sdk::completion&& done);
  static void test(std::shared_ptr<target> to, std::int64_t deadline_ms, sdk::completion&& done);

  attempt(std::shared_ptr<target> to, sdk::completion&& done);
  ~attempt() override;

  void finished(std::unique_ptr<exchange> self, const transfer::outcome& what) noexcept final;
  void prepare(CURL* easy) noexcept final;
  void undo(CURL* easy) noexcept final;

protected:
  /// Ends every call this attempt is for with `r`.
  virtual void complete(const sdk::result& r) { done_(r); }
  /// The same without an allocation: retry/system.
  virtual void give_up(const char* why) noexcept { done_.fail(why); }
  /// The request is over, for good.
  virtual void end(const transfer::outcome& what);

  /// `for_content`: what a body that streams may take beyond the time limit.
  void set_deadline(std::int64_t deadline_ms, std::chrono::milliseconds for_content = std::chrono::milliseconds{0});
  void fail(sdk::category why, std::string detail);
  void set_stream(const sdk::delivery& what, envelope_frame frame);
  /// What an answer or its absence means, with its reference, and free of secrets.
  [[nodiscard]] sdk::result judge(const transfer::outcome& what) const;
  /// Of a body that streams; `id` and `time` are its webhook-id and webhook-timestamp. Goes on to authorize.
  static void sign_streamed(std::unique_ptr<attempt> self, std::string_view id, std::string_view time);
  static void authorize(std::unique_ptr<attempt> self);

  std::shared_ptr<target> target_;
  std::string token_;  ///< of OAuth 2.0, as sent

private:
  enum class purpose : std::uint8_t { delivery = 1, test };
  struct hashing;

  void add_headers(const sdk::delivery& what, std::int64_t now_ms);
  [[nodiscard]] bool set_body_in_memory(const sdk::delivery& what);

  static void hash_on(const std::shared_ptr<hashing>& work);
  static void authorize_with_token(std::unique_ptr<attempt> self, const std::string& refused);
  static void send(std::unique_ptr<attempt> self);

  sdk::completion done_;
  purpose purpose_ = purpose::delivery;
  sdk::retained_delivery kept_;  ///< if the body borrows the host's bytes
  std::shared_ptr<content_stream> stream_;
  std::string content_record_;
  bool renewed_ = false;
};

}  // namespace waybill::webhook
