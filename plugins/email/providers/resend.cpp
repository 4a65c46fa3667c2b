// SPDX-License-Identifier: Apache-2.0
// Resend: POST /emails.
#include "plugins/email/http_provider.hpp"
#include "plugins/email/provider_json.hpp"

namespace waybill::email {
namespace {

using nlohmann::json;

class resend final : public http_provider {
public:
  explicit resend(const http_settings& settings) : key_(settings.secret), base_(settings.base_url), tags_(settings.tags) {}

  void add_headers(transfer::header_list& to) const override {
    to.add("Authorization", "Bearer " + key_, transfer::secrecy::secret);
    to.add("Content-Type", "application/json");
  }

  std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const override {
    if (what.to.empty()) {
      why = "Resend wants at least one address in \"to\".";
      return std::nullopt;
    }
    json headers{{"Message-ID", "<" + what.message_id + ">"}};
    for (const auto& [name, value] : what.headers) headers[name] = value;
    json out{{"from", to_text(what.from)}, {"to", to_texts(what.to)}, {"subject", what.subject}, {"headers", headers}};
    if (!what.cc.empty()) out["cc"] = to_texts(what.cc);
    if (!what.bcc.empty()) out["bcc"] = to_texts(what.bcc);
    if (!what.reply_to.empty()) out["reply_to"] = to_texts(what.reply_to);
    if (!what.text.empty() || what.html.empty()) out["text"] = what.text.empty() ? " " : what.text;
    if (!what.html.empty()) out["html"] = what.html;
    for (const auto& tag : tags_) out["tags"].push_back({{"name", "category"}, {"value", tag}});
    http_request request;
    request.url = joined_url(base_, "/emails");
    // Within a day a repeat brings the first mail's id and sends nothing.
    request.headers.add("Idempotency-Key", what.idempotency_key);
    attachment_form form{"attachments", json::object(), "content"};
    if (what.attachment) form.file = {{"filename", what.attachment->filename}, {"content_type", what.attachment->content_type}};
    request.body = with_attachment(out, form, std::move(content));
    return request;
  }

  // Refused for what it lacks, but only after its key has been looked at.
  http_request test_request() const override {
    http_request request;
    request.url = joined_url(base_, "/emails");
    request.body = text_source("{}");
    return request;
  }
  bool passes(std::int32_t status, std::string_view body) const override {
    const auto name = text_at(body, "/name");
    return (status == 400 || status == 422) && name != "invalid_api_key";
  }
  std::string reference(const transfer::outcome& answer) const override { return text_at(answer.body, "/id"); }
  std::string complaint(std::string_view body) const override { return first_text_at(body, {"/message", "/name"}); }

private:
  std::string key_, base_;
  std::vector<std::string> tags_;
};

}  // namespace

std::unique_ptr<http_provider> make_resend(const http_settings& settings) { return std::make_unique<resend>(settings); }

}  // namespace waybill::email
