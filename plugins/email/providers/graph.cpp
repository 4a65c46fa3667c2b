// SPDX-License-Identifier: Apache-2.0
// Microsoft Graph v1.0: POST /users/{mailbox}/sendMail with the whole message in base64, so that headers and Message-ID are
// ours.
#include "plugins/email/http_provider.hpp"
#include "plugins/email/mime.hpp"
#include "plugins/email/provider_json.hpp"

#include <waybill/transfer/sigv4.hpp>

namespace waybill::email {
namespace {

class graph final : public http_provider {
public:
  explicit graph(const http_settings& settings)
      : url_(joined_url(settings.base_url, "/v1.0/users/" + transfer::uri_encode(settings.mailbox) + "/sendMail")) {}

  // The access token is added to each request.
  void add_headers(transfer::header_list&) const override {}

  // There is no envelope: who gets a blind copy is said by the message, and Exchange takes the line out.
  std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const override {
    auto frame = make_mime(what, bcc_header::write, why);
    if (!frame) return std::nullopt;
    http_request request;
    request.url = url_;
    request.headers.add("Content-Type", "text/plain");
    request.body = base64_source(mime_source(std::move(*frame), std::move(content)), base64_form::one_line);
    return request;
  }

  // Refused for what it lacks, but only after the token and its right to send from this mailbox have been looked at.
  http_request test_request() const override {
    http_request request;
    request.url = url_;
    request.headers.add("Content-Type", "application/json");
    request.body = text_source("{}");
    return request;
  }
  bool passes(std::int32_t status, std::string_view) const override { return status == 400; }
  // 202 and nothing else: the Message-ID is the only name the mail has.
  std::string reference(const transfer::outcome&) const override { return {}; }
  std::string complaint(std::string_view body) const override {
    auto text = text_at(body, "/error/code");
    const auto more = text_at(body, "/error/message");
    return more.empty() ? text : text + ": " + more;
  }

private:
  std::string url_;
};

}  // namespace

std::unique_ptr<http_provider> make_graph(const http_settings& settings) { return std::make_unique<graph>(settings); }

}  // namespace waybill::email
