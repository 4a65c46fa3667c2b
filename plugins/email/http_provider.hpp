// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <waybill/transfer/exchange.hpp>

#include "content_sources.hpp"
#include "mail.hpp"

namespace waybill::email {

/// A request as a provider wants it.
struct http_request {
  std::string method = "POST";
  std::string url;
  transfer::header_list headers;  ///< besides those of the endpoint
  source_ptr body;
};

/// One provider's HTTP API: how a mail is said in it, and what its answers mean. Constant once made; any thread.
class http_provider {
public:
  virtual ~http_provider() = default;
  /// Headers that go with every request: credentials, media types.
  virtual void add_headers(transfer::header_list& to) const = 0;
  /// `content`: of the attachment, if the mail has one. Nothing, and why, if the mail cannot be said.
  [[nodiscard]] virtual std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const = 0;
  /// A request that is answered as a mail would be, but sends none.
  [[nodiscard]] virtual http_request test_request() const = 0;
  /// Does the answer to it show that mails can be sent?
  [[nodiscard]] virtual bool passes(std::int32_t status, std::string_view body) const = 0;
  /// The provider's own id of a mail it took; empty if the answer has none.
  [[nodiscard]] virtual std::string reference(const transfer::outcome& answer) const = 0;
  /// What the provider says is wrong; empty if it says nothing that can be read.
  [[nodiscard]] virtual std::string complaint(std::string_view body) const = 0;
  /// Requests are signed with AWS's Signature Version 4.
  [[nodiscard]] virtual bool signs() const { return false; }
};

/// The provider of a configuration; not for SMTP.
[[nodiscard]] std::unique_ptr<http_provider> make_provider(const config& settings);

// What providers are made from.
[[nodiscard]] std::unique_ptr<http_provider> make_sendgrid(const http_settings& settings);
[[nodiscard]] std::unique_ptr<http_provider> make_resend(const http_settings& settings);
[[nodiscard]] std::unique_ptr<http_provider> make_ses(const http_settings& settings);
[[nodiscard]] std::unique_ptr<http_provider> make_mailgun(const http_settings& settings);
[[nodiscard]] std::unique_ptr<http_provider> make_postmark(const http_settings& settings);
[[nodiscard]] std::unique_ptr<http_provider> make_sparkpost(const http_settings& settings);
[[nodiscard]] std::unique_ptr<http_provider> make_graph(const http_settings& settings);
[[nodiscard]] std::unique_ptr<http_provider> make_custom(const http_settings& settings);

}  // namespace waybill::email
