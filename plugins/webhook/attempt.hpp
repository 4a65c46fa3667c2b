// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <waybill/handler.hpp>
#include <waybill/transfer/exchange.hpp>

#include "body_streams.hpp"
#include "target.hpp"

namespace waybill::webhook {

/// One attempt of one delivery, or one connection test, from deliver to complete:
///   body and headers (deliver's thread) -> signature (there too; on the worker if the body streams) -> authorization (a
///   token may have to be fetched) -> request (reactor) -> after a 401 with OAuth 2.0 once more with a fresh token -> result.
/// Owned by whichever of these has it. Dropped on the way it completes as retry/system by its completion.
class attempt final : public transfer::exchange {
public:
  static void deliver(std::shared_ptr<target> to, const sdk::delivery& what, sdk::completion&& done);
  static void test(std::shared_ptr<target> to, std::int64_t deadline_ms, sdk::completion&& done);

  attempt(std::shared_ptr<target> to, sdk::completion&& done);
  ~attempt() override;

  void finished(std::unique_ptr<exchange> self, const transfer::outcome& what) noexcept override;

private:
  enum class purpose : std::uint8_t { delivery = 1, test };
  struct hashing;

  void set_deadline(std::int64_t deadline_ms);
  void add_headers(const sdk::delivery& what, std::int64_t now_ms);
  [[nodiscard]] bool set_body_in_memory(const sdk::delivery& what);
  void set_streamed_body(const sdk::delivery& what);
  void fail(sdk::category why, std::string detail);
  void end(const transfer::outcome& what);

  static void sign_streamed(std::unique_ptr<attempt> self);
  static void hash_on(const std::shared_ptr<hashing>& work);
  static void authorize(std::unique_ptr<attempt> self);
  static void authorize_with_token(std::unique_ptr<attempt> self, const std::string& refused);
  static void send(std::unique_ptr<attempt> self);

  std::shared_ptr<target> target_;
  sdk::completion done_;
  purpose purpose_ = purpose::delivery;
  sdk::retained_delivery kept_;  ///< if the body borrows the host's bytes
  std::shared_ptr<content_stream> stream_;
  std::string message_id_;  ///< webhook-id and webhook-timestamp of a streamed body, for its signature
  std::string message_time_;
  std::string content_record_;
  std::string token_;  ///< of OAuth 2.0, as sent
  bool renewed_ = false;
};

}  // namespace waybill::webhook
