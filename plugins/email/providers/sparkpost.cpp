// SPDX-License-Identifier: Apache-2.0
// SparkPost: POST /api/v1/transmissions with an inline content.
#include "plugins/email/http_provider.hpp"
#include "plugins/email/provider_json.hpp"

namespace waybill::email {
namespace {

using nlohmann::json;

/// Every recipient is one of a list; who stands in To and Cc is said by `header_to` and a header.
void add_recipients(json& into, const address_list& list, const std::string& shown) {
  for (const auto& one : list) {
    json address{{"email", one.spec()}};
    if (!one.name.empty()) address["name"] = one.name;
    if (!shown.empty()) address["header_to"] = shown;
    into.push_back({{"address", address}});
  }
}

/// SparkPost reads texts as templates of its own: what is no template must not look like one.
[[nodiscard]] std::string literal(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool twice = i + 1 < text.size() && text[i + 1] == text[i];
    if (twice && (text[i] == '{' || text[i] == '}'))
      out += text[i++] == '{' ? "{{opening_double_curly()}}" : "{{closing_double_curly()}}";
    else
      out += text[i];
  }
  return out;
}

class sparkpost final : public http_provider {
public:
  explicit sparkpost(const http_settings& settings) : key_(settings.secret), base_(settings.base_url), tags_(settings.tags) {}

  void add_headers(transfer::header_list& to) const override {
    to.add("Authorization", key_, transfer::secrecy::secret);
    to.add("Content-Type", "application/json");
  }

  std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const override {
    if (what.to.empty()) {
      why = "SparkPost wants at least one address in \"to\".";
      return std::nullopt;
    }
    const auto shown = to_text(what.to);
    json recipients = json::array();
    add_recipients(recipients, what.to, shown);
    add_recipients(recipients, what.cc, shown);
    add_recipients(recipients, what.bcc, shown);
    if (!tags_.empty())
      for (auto& one : recipients) one["tags"] = tags_;
    json headers{{"Message-ID", "<" + what.message_id + ">"}};
    if (!what.cc.empty()) headers["CC"] = to_text(what.cc);
    for (const auto& [name, value] : what.headers) headers[name] = literal(value);
    json from{{"email", what.from.spec()}};
    if (!what.from.name.empty()) from["name"] = what.from.name;
    json inner{{"from", from}, {"subject", literal(what.subject)}, {"headers", headers}};
    if (!what.reply_to.empty()) inner["reply_to"] = to_text(what.reply_to);
    if (!what.text.empty() || what.html.empty()) inner["text"] = what.text.empty() ? " " : literal(what.text);
    if (!what.html.empty()) inner["html"] = literal(what.html);
    const json outer{{"recipients", recipients},
                     {"options", {{"open_tracking", false}, {"click_tracking", false}, {"transactional", true}}}};
    http_request request;
    request.url = joined_url(base_, "/api/v1/transmissions");
    attachment_form form{"attachments", json::object(), "data"};
    if (what.attachment) form.file = {{"name", what.attachment->filename}, {"type", what.attachment->content_type}};
    request.body = with_inner_attachment(outer, "content", inner, form, std::move(content));
    return request;
  }

  // Refused for what it lacks, but only after its key and the key's rights have been looked at.
  http_request test_request() const override {
    http_request request;
    request.url = joined_url(base_, "/api/v1/transmissions");
    request.body = text_source("{}");
    return request;
  }
  bool passes(std::int32_t status, std::string_view) const override { return status == 400 || status == 422; }
  std::string reference(const transfer::outcome& answer) const override { return text_at(answer.body, "/results/id"); }
  std::string complaint(std::string_view body) const override {
    auto text = text_at(body, "/errors/0/message");
    const auto more = text_at(body, "/errors/0/description");
    return more.empty() ? text : text + ": " + more;
  }

private:
  std::string key_, base_;
  std::vector<std::string> tags_;
};

}  // namespace

std::unique_ptr<http_provider> make_sparkpost(const http_settings& settings) { return std::make_unique<sparkpost>(settings); }

}  // namespace waybill::email
