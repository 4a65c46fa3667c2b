// SPDX-License-Identifier: Apache-2.0
// Mailgun: POST /v3/{domain}/messages as multipart/form-data (RFC 7578).
#include "plugins/email/http_provider.hpp"
#include "plugins/email/provider_json.hpp"

#include <waybill/transfer/json_text.hpp>
#include <waybill/transfer/sigv4.hpp>

namespace waybill::email {
namespace {

/// A form's text, part by part.
class form_writer {
public:
  explicit form_writer(std::string limit) : limit_(std::move(limit)) {}

  void field(std::string_view name, std::string_view value) {
    open(name);
    text_.append("\r\n\r\n").append(value).append("\r\n");
  }
  /// The head of a file's part; its content follows.
  [[nodiscard]] std::string file(const attached_file& file) {
    open("attachment");
    text_.append("; filename=\"").append(escaped(file.filename)).append("\"\r\nContent-Type: ").append(file.content_type);
    return std::move(text_.append("\r\n\r\n"));
  }
  [[nodiscard]] std::string end() const { return "--" + limit_ + "--\r\n"; }
  [[nodiscard]] std::string take() { return std::move(text_); }

private:
  void open(std::string_view name) {
    text_.append("--").append(limit_).append("\r\nContent-Disposition: form-data; name=\"").append(escaped(name)).append("\"");
  }
  /// WHATWG HTML, multipart/form-data: these three are percent-encoded in names.
  [[nodiscard]] static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '"')
        out += "%22";
      else if (c == '\r')
        out += "%0D";
      else if (c == '\n')
        out += "%0A";
      else
        out += c;
    }
    return out;
  }
  std::string limit_;
  std::string text_;
};

/// Not in any text of the mail; attached content is random to it.
[[nodiscard]] std::string limit_of(const mail& what) {
  return "waybill-" + transfer::to_hex(transfer::sha256(what.message_id + what.subject + what.text + what.html));
}

class mailgun final : public http_provider {
public:
  explicit mailgun(const http_settings& settings)
      : key_(settings.secret),
        url_(joined_url(settings.base_url, "/v3/" + transfer::uri_encode(settings.domain) + "/messages")),
        tags_(settings.tags) {}

  void add_headers(transfer::header_list& to) const override {
    to.add("Authorization", "Basic " + transfer::to_base64("api:" + key_), transfer::secrecy::secret);
  }

  std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const override {
    if (what.to.empty()) {
      why = "Mailgun wants at least one address in \"to\".";
      return std::nullopt;
    }
    const auto limit = limit_of(what);
    form_writer form{limit};
    form.field("from", to_text(what.from));
    for (const auto& one : what.to) form.field("to", to_text(one));
    for (const auto& one : what.cc) form.field("cc", to_text(one));
    for (const auto& one : what.bcc) form.field("bcc", to_text(one));
    if (!what.reply_to.empty()) form.field("h:Reply-To", to_text(what.reply_to));
    form.field("subject", what.subject);
    if (!what.text.empty() || what.html.empty()) form.field("text", what.text.empty() ? " " : what.text);
    if (!what.html.empty()) form.field("html", what.html);
    form.field("h:Message-Id", "<" + what.message_id + ">");
    for (const auto& [name, value] : what.headers) form.field("h:" + name, value);
    for (const auto& tag : tags_) form.field("o:tag", tag);
    http_request request;
    request.url = url_;
    request.headers.add("Content-Type", "multipart/form-data; boundary=" + limit);
    if (content)
      request.body =
          joined_source({text_source(form.file(*what.attachment)), std::move(content), text_source("\r\n" + form.end())});
    else
      request.body = text_source(form.take() + form.end());
    return request;
  }

  // Refused for what it lacks, but only after its key and domain have been looked at.
  http_request test_request() const override {
    http_request request;
    request.url = url_;
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = text_source("");
    return request;
  }
  bool passes(std::int32_t status, std::string_view) const override { return status == 400; }
  std::string reference(const transfer::outcome& answer) const override { return text_at(answer.body, "/id"); }
  std::string complaint(std::string_view body) const override { return first_text_at(body, {"/message", "/error"}); }

private:
  std::string key_, url_;
  std::vector<std::string> tags_;
};

}  // namespace

std::unique_ptr<http_provider> make_mailgun(const http_settings& settings) { return std::make_unique<mailgun>(settings); }

}  // namespace waybill::email
