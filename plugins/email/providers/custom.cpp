// SPDX-License-Identifier: Apache-2.0
// Any HTTP API, told by templates in the configuration.
#include "plugins/email/http_provider.hpp"
#include "plugins/email/provider_json.hpp"
#include "plugins/email/template_text.hpp"

#include <mutex>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::email {
namespace {

using nlohmann::json;

constexpr std::size_t longest_body = std::size_t{4} * 1'048'576;

[[nodiscard]] json values_of(const address& one) {
  return {{"address", one.spec()}, {"name", one.name.empty() ? json(false) : json(one.name)}, {"full", to_text(one)}};
}

/// Each with `last`, for the commas between.
[[nodiscard]] json values_of(const address_list& list) {
  json out = json::array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.push_back(values_of(list[i]));
    out.back()["last"] = i + 1 == list.size();
  }
  return out;
}

class custom final : public http_provider {
public:
  explicit custom(const http_settings& settings)
      : settings_(settings), body_(settings.custom.body, escape_of(settings.custom.encoding)) {}

  void add_headers(transfer::header_list& to) const override {
    const auto& own = settings_.custom;
    for (const auto& [name, value] : settings_.headers) to.add(name, value, transfer::secrecy::secret);
    to.add("Content-Type", own.encoding == custom_encoding::json ? "application/json" : "application/x-www-form-urlencoded");
    using kind = custom_auth_kind;
    if (own.auth == kind::api_key) to.add(own.header, settings_.secret, transfer::secrecy::secret);
    if (own.auth == kind::bearer) to.add("Authorization", "Bearer " + settings_.secret, transfer::secrecy::secret);
    if (own.auth == kind::basic)
      to.add("Authorization", "Basic " + transfer::to_base64(own.username + ":" + settings_.secret), transfer::secrecy::secret);
  }

  std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const override {
    // Stands for the content until the text is there; no text can hold it, since nobody knows the task's id before it is made.
    const auto mark = "content-" + transfer::to_hex(transfer::sha256("waybill " + what.message_id));
    std::optional<std::string> text;
    {
      const std::lock_guard lock{mutex_};
      text = body_.render(template_values{values_for(what, mark)}, longest_body);
    }
    if (!text) why = "The template of the request's body yields too much text.";
    if (text && settings_.custom.encoding == custom_encoding::json && !json::accept(*text)) {
      why = "The template of the request's body does not yield JSON.";
      text.reset();
    }
    if (!text) return std::nullopt;
    http_request request;
    request.method = settings_.custom.method;
    request.url = settings_.base_url;
    request.headers.add("Idempotency-Key", what.idempotency_key);
    request.body = with_content(*text, mark, content);
    return request;
  }

  http_request test_request() const override {
    http_request request;
    request.method = settings_.custom.test_method.empty() ? "OPTIONS" : settings_.custom.test_method;
    request.url = settings_.custom.test_url.empty() ? settings_.base_url : settings_.custom.test_url;
    return request;
  }
  // Of an API that nothing is known of, only these three say no; with a test of its own, everything but 2xx does.
  bool passes(std::int32_t status, std::string_view) const override {
    if (!settings_.custom.test_url.empty()) return status >= 200 && status < 300;
    return status != 401 && status != 403 && status != 407;
  }
  std::string reference(const transfer::outcome& answer) const override {
    const auto& own = settings_.custom;
    if (!own.reference_header.empty()) return std::string{answer.header(own.reference_header)};
    return own.reference_pointer.empty() ? std::string{} : text_at(answer.body, own.reference_pointer);
  }
  std::string complaint(std::string_view body) const override {
    const auto& pointer = settings_.custom.error_pointer;
    return pointer.empty() ? first_text_at(body, {"/message", "/error/message", "/error", "/detail"}) : text_at(body, pointer);
  }

private:
  [[nodiscard]] static escaping escape_of(custom_encoding encoding) {
    return encoding == custom_encoding::json ? escaping::json : escaping::form;
  }
  [[nodiscard]] static json values_for(const mail& what, const std::string& mark) {
    json headers = json::array();
    for (const auto& [name, value] : what.headers) headers.push_back({{"name", name}, {"value", value}, {"last", false}});
    if (!headers.empty()) headers.back()["last"] = true;
    json out{{"from", values_of(what.from)},
             {"to", values_of(what.to)},
             {"cc", values_of(what.cc)},
             {"bcc", values_of(what.bcc)},
             {"replyTo", values_of(what.reply_to)},
             {"subject", what.subject},
             {"text", what.text},
             {"html", what.html},
             {"headers", headers},
             {"messageId", what.message_id},
             {"idempotencyKey", what.idempotency_key},
             {"attachment", false}};
    if (what.attachment)
      out["attachment"] = {{"filename", what.attachment->filename},
                           {"contentType", what.attachment->content_type},
                           {"size", what.attachment->size},
                           {"content", mark}};
    return out;
  }
  /// The text with base64 of the content wherever the mark stands, read anew each time.
  [[nodiscard]] static source_ptr with_content(const std::string& text, const std::string& mark, const source_ptr& content) {
    const auto at = text.find(mark);
    if (!content || at == std::string::npos) return text_source(text);
    return joined_source({text_source(text.substr(0, at)), base64_source(content, base64_form::one_line),
                          text_source(text.substr(at + mark.size()))});
  }

  http_settings settings_;
  mutable std::mutex mutex_;
  template_text body_;  ///< guarded
};

}  // namespace

std::unique_ptr<http_provider> make_custom(const http_settings& settings) { return std::make_unique<custom>(settings); }

}  // namespace waybill::email
