// SPDX-License-Identifier: Apache-2.0
// Postmark: POST /email.
#include "plugins/email/http_provider.hpp"
#include "plugins/email/provider_json.hpp"

namespace waybill::email {
namespace {

using nlohmann::json;

class postmark final : public http_provider {
public:
  explicit postmark(const http_settings& settings)
      : token_(settings.secret), base_(settings.base_url), stream_(settings.message_stream), tags_(settings.tags) {}

  void add_headers(transfer::header_list& to) const override {
    to.add("X-Postmark-Server-Token", token_, transfer::secrecy::secret);
    to.add("Content-Type", "application/json");
    to.add("Accept", "application/json");
  }

  std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const override {
    if (what.to.empty()) {
      why = "Postmark wants at least one address in \"to\".";
      return std::nullopt;
    }
    // Postmark gives every mail an id of its own unless it is told to keep ours.
    json headers = json::array(
        {{{"Name", "Message-ID"}, {"Value", "<" + what.message_id + ">"}}, {{"Name", "X-PM-KeepID"}, {"Value", "true"}}});
    for (const auto& [name, value] : what.headers) headers.push_back({{"Name", name}, {"Value", value}});
    json out{{"From", to_text(what.from)}, {"To", to_text(what.to)}, {"Subject", what.subject}, {"Headers", headers}};
    if (!what.cc.empty()) out["Cc"] = to_text(what.cc);
    if (!what.bcc.empty()) out["Bcc"] = to_text(what.bcc);
    if (!what.reply_to.empty()) out["ReplyTo"] = to_text(what.reply_to);
    if (!what.text.empty() || what.html.empty()) out["TextBody"] = what.text.empty() ? " " : what.text;
    if (!what.html.empty()) out["HtmlBody"] = what.html;
    if (!stream_.empty()) out["MessageStream"] = stream_;
    if (!tags_.empty()) out["Tag"] = tags_.front();
    http_request request;
    request.url = joined_url(base_, "/email");
    attachment_form form{"Attachments", json::object(), "Content"};
    if (what.attachment) form.file = {{"Name", what.attachment->filename}, {"ContentType", what.attachment->content_type}};
    request.body = with_attachment(out, form, std::move(content));
    return request;
  }

  http_request test_request() const override {
    http_request request;
    request.method = "GET";
    request.url = joined_url(base_, "/server");
    return request;
  }
  bool passes(std::int32_t status, std::string_view) const override { return status == 200; }
  std::string reference(const transfer::outcome& answer) const override { return text_at(answer.body, "/MessageID"); }
  std::string complaint(std::string_view body) const override { return text_at(body, "/Message"); }

private:
  std::string token_, base_, stream_;
  std::vector<std::string> tags_;
};

}  // namespace

std::unique_ptr<http_provider> make_postmark(const http_settings& settings) { return std::make_unique<postmark>(settings); }

}  // namespace waybill::email
