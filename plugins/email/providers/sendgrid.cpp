// SPDX-License-Identifier: Apache-2.0
// Twilio SendGrid, API v3: POST /v3/mail/send.
#include "plugins/email/http_provider.hpp"
#include "plugins/email/provider_json.hpp"

namespace waybill::email {
namespace {

using nlohmann::json;

[[nodiscard]] json entry(const address& one) {
  json out{{"email", one.spec()}};
  if (!one.name.empty()) out["name"] = one.name;
  return out;
}

[[nodiscard]] json entries(const address_list& list) {
  json out = json::array();
  for (const auto& one : list) out.push_back(entry(one));
  return out;
}

class sendgrid final : public http_provider {
public:
  explicit sendgrid(const http_settings& settings) : key_(settings.secret), base_(settings.base_url), tags_(settings.tags) {}

  void add_headers(transfer::header_list& to) const override {
    to.add("Authorization", "Bearer " + key_, transfer::secrecy::secret);
    to.add("Content-Type", "application/json");
  }

  std::optional<http_request> request(const mail& what, source_ptr content, std::string&) const override {
    json person = json::object();
    // SendGrid refuses an empty list, and an address that stands in two of them.
    if (!what.to.empty()) person["to"] = entries(what.to);
    if (!what.cc.empty()) person["cc"] = entries(what.cc);
    if (!what.bcc.empty()) person["bcc"] = entries(what.bcc);
    json headers{{"Message-ID", "<" + what.message_id + ">"}};
    for (const auto& [name, value] : what.headers) headers[name] = value;
    json out{{"personalizations", json::array({person})},
             {"from", entry(what.from)},
             {"subject", what.subject},
             {"headers", headers},
             {"content", contents(what)}};
    if (what.reply_to.size() == 1) out["reply_to"] = entry(what.reply_to.front());
    if (what.reply_to.size() > 1) out["reply_to_list"] = entries(what.reply_to);
    if (!tags_.empty()) out["categories"] = tags_;
    return to_send(out, what, std::move(content));
  }

  // Checked as any mail, and not sent.
  http_request test_request() const override {
    const json out{{"personalizations", json::array({{{"to", json::array({{{"email", "test@example.com"}}})}}})},
                   {"from", {{"email", "test@example.com"}}},
                   {"subject", "test"},
                   {"content", json::array({{{"type", "text/plain"}, {"value", "test"}}})},
                   {"mail_settings", {{"sandbox_mode", {{"enable", true}}}}}};
    mail none;
    return to_send(out, none, nullptr);
  }
  bool passes(std::int32_t status, std::string_view) const override { return status >= 200 && status < 300; }
  std::string reference(const transfer::outcome& answer) const override { return std::string{answer.header("x-message-id")}; }
  std::string complaint(std::string_view body) const override { return first_text_at(body, {"/errors/0/message"}); }

private:
  /// Plain text first, as RFC 2046 section 5.1.4 orders alternatives; an empty text is refused.
  [[nodiscard]] static json contents(const mail& what) {
    json out = json::array();
    if (!what.text.empty() || what.html.empty())
      out.push_back({{"type", "text/plain"}, {"value", what.text.empty() ? " " : what.text}});
    if (!what.html.empty()) out.push_back({{"type", "text/html"}, {"value", what.html}});
    return out;
  }
  [[nodiscard]] http_request to_send(const json& body, const mail& what, source_ptr content) const {
    http_request out;
    out.url = joined_url(base_, "/v3/mail/send");
    attachment_form form{"attachments", json::object(), "content"};
    if (what.attachment)
      form.file = {
          {"filename", what.attachment->filename}, {"type", what.attachment->content_type}, {"disposition", "attachment"}};
    out.body = with_attachment(body, form, std::move(content));
    return out;
  }

  std::string key_, base_;
  std::vector<std::string> tags_;
};

}  // namespace

std::unique_ptr<http_provider> make_sendgrid(const http_settings& settings) { return std::make_unique<sendgrid>(settings); }

}  // namespace waybill::email
