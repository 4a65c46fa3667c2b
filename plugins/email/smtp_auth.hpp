// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config.hpp"
#include "smtp_reply.hpp"

namespace waybill::email {

/// One authentication exchange (RFC 4954) with one mechanism, step by step. Pure: what is sent and received is the
/// session's affair.
class sasl_dialog {
public:
  /// `secret`: the password, or the access token. `host`, `port`: for OAUTHBEARER.
  sasl_dialog(smtp_mechanism mechanism, std::string username, std::string secret, std::string host, std::uint16_t port);

  /// The AUTH command, with its initial response where the mechanism has one.
  [[nodiscard]] std::string command() const;
  /// The line to answer a 334 with; nothing if this mechanism has no answer to it.
  [[nodiscard]] std::optional<std::string> respond(const smtp_reply& challenge);

private:
  smtp_mechanism mechanism_;
  std::string username_;
  std::string secret_;
  std::string host_;
  std::uint16_t port_;
  int step_ = 0;
};

/// The mechanism to use: the configured one if it is offered, else the best offered one of its kind; automatic if none is.
[[nodiscard]] smtp_mechanism choose_mechanism(const smtp_auth_settings& auth, const smtp_extensions& offered, bool encrypted);
[[nodiscard]] std::string_view name_of(smtp_mechanism mechanism);

}  // namespace waybill::email
