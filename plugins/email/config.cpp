// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "config_reader.hpp"
#include "config_rules.hpp"
#include "provider_config.hpp"

namespace waybill::email {
namespace {

using nlohmann::json;

constexpr std::uint64_t mebibyte = 1'048'576;
constexpr std::uint64_t usual_attachment = 20 * mebibyte;

constexpr std::array<std::pair<std::string_view, attach>, 2> attachs{{{"always", attach::always}, {"never", attach::never}}};
constexpr std::array<std::pair<std::string_view, oversize>, 2> oversizes{
    {{"link", oversize::link}, {"reject", oversize::reject}}};

void read_recipients(const config_reader& from, const char* name, std::vector<std::string>& into) {
  from.texts(name, into);
  for (std::size_t i = 0; i < into.size(); ++i)
    check_recipient(from.at(name) + "/" + std::to_string(i), into[i], from.faults());
}

void read_from(const config_reader& from, config& into) {
  std::string text;
  from.required_text("from", text);
  if (text.empty()) return;
  auto found = parse_addresses(text);
  if (!found.fault.empty()) return from.faults()(from.at("from"), "address", found.fault);
  if (found.list.size() != 1) return from.faults()(from.at("from"), "address", "must be one address");
  into.from = std::move(found.list.front());
}

void read_text(const config_reader& from, const char* name, std::string& into) {
  from.text(name, into);
  check_template(from.at(name), into, from.faults());
}

void read_headers(const config_reader& from, config& into) {
  const auto headers = from.object("headers");
  if (!headers) return;
  for (const auto& [name, value] : headers->raw().items()) {
    const auto pointer = headers->at(escape_pointer(name));
    if (!value.is_string()) {
      from.faults()(pointer, "type", "must be a text");
      continue;
    }
    check_mail_header(pointer, name, from.faults());
    check_template(pointer, value.get_ref<const std::string&>(), from.faults());
    if (std::any_of(into.headers.begin(), into.headers.end(),
                    [&name = name](const auto& other) { return transfer::equal_ignoring_case(other.first, name); }))
      from.faults()(pointer, "duplicate", "the same header is set twice");
    into.headers.emplace_back(name, value.get<std::string>());
  }
}

void read_link(const config_reader& from, attachment_settings& into) {
  const auto link = from.object("link");
  if (!link) return;
  into.link_max_access = link->number("maxAccess", into.link_max_access, 0, 1'000'000);
  const auto* hours = link->find("expiryHours");
  if (hours == nullptr) return;
  if (!hours->is_number() || hours->get<double>() <= 0)
    link->wrong("expiryHours", "must be a number above 0");
  else
    into.link_expiry_hours = hours->get<double>();
}

void read_attachment(const config_reader& from, config& into) {
  auto& settings = into.attachment;
  const auto most = static_cast<std::int64_t>(largest_attachment(into.provider));
  settings.max_bytes = std::min<std::uint64_t>(usual_attachment, static_cast<std::uint64_t>(most));
  const auto attachment = from.object("attachment");
  if (!attachment) return;
  attachment->choice("mode", attachs, settings.when);
  read_text(*attachment, "filename", settings.filename);
  read_text(*attachment, "contentType", settings.content_type);
  attachment->choice("oversize", oversizes, settings.above);
  settings.max_bytes =
      static_cast<std::uint64_t>(attachment->number("maxBytes", static_cast<std::int64_t>(settings.max_bytes), 0, most));
  read_link(*attachment, settings);
}

void read_tls(const config_reader& from, transfer::tls_options& into) {
  const auto tls = from.object("tls");
  if (!tls) return;
  tls->text("caPem", into.ca_pem);
  tls->text("clientCertificatePem", into.client_certificate_pem);
  tls->text("clientKeyPem", into.client_key_pem);
  tls->text("clientKeyPassword", into.client_key_password);
  check_tls(from.at("tls"), into, from.faults());
}

void read_proxy(const config_reader& from, config& into) {
  const auto proxy = from.object("proxy");
  if (!proxy) return;
  auto& settings = into.http.proxy;
  proxy->text("url", settings.url);
  proxy->text("username", settings.username);
  proxy->text("password", settings.password);
  check_url(proxy->at("url"), settings.url, url_kind::proxy, from.faults());
  if (into.provider == provider_kind::smtp && into.smtp.auth.kind != smtp_auth_kind::oauth2)
    from.faults()(from.at("proxy"), "proxy", "SMTP connections do not go through a proxy");
}

/// What two members say together.
void check_whole(const config_reader& from, const config& settings) {
  if (settings.to.empty() && settings.cc.empty() && settings.bcc.empty())
    from.faults()(from.at("to"), "required", "a mail needs a recipient in to, cc or bcc");
  if (settings.provider != provider_kind::custom || settings.attachment.when == attach::never) return;
  const auto& own = settings.http.custom;
  if (own.encoding == custom_encoding::form)
    from.faults()(from.at("attachment") + "/mode", "form", "must be never: a form cannot carry the content");
  else if (own.body.find("attachment.content") == std::string::npos && own.body.find("#attachment") == std::string::npos)
    from.faults()(from.at("provider") + "/body", "attachment",
                  "does not use {{attachment.content}}; if the content is not to be sent, attachment.mode must be never");
}

void read_all(const config_reader& from, config& into) {
  read_provider(from, into);
  read_from(from, into);
  read_recipients(from, "to", into.to);
  read_recipients(from, "cc", into.cc);
  read_recipients(from, "bcc", into.bcc);
  read_recipients(from, "replyTo", into.reply_to);
  from.required_text("subject", into.subject);
  check_template(from.at("subject"), into.subject, from.faults());
  read_text(from, "text", into.text);
  read_text(from, "html", into.html);
  read_headers(from, into);
  read_attachment(from, into);
  from.text("messageIdDomain", into.message_id_domain);
  if (!into.message_id_domain.empty() && ascii_domain(into.message_id_domain) != into.message_id_domain)
    from.faults()(from.at("messageIdDomain"), "host", "is not a domain name");
  into.timeout = std::chrono::milliseconds{from.number("timeoutMs", into.timeout.count(), 100, 600'000)};
  into.connect_timeout = std::chrono::milliseconds{from.number("connectTimeoutMs", into.connect_timeout.count(), 100, 60'000)};
  read_tls(from, into.tls);
  read_proxy(from, into);
  check_whole(from, into);
}

}  // namespace

// Each provider's own limit on a message, less a third for base64 (twice where the whole message is encoded again), less
// room for the texts.
std::uint64_t largest_attachment(provider_kind provider) {
  switch (provider) {
    case provider_kind::smtp:
      return 100 * mebibyte;
    case provider_kind::sendgrid:  // 30 MB in all
      return 21 * mebibyte;
    case provider_kind::resend:  // 40 MB after encoding
      return 28 * mebibyte;
    case provider_kind::ses:  // 40 MB, the encoded message
      return 28 * mebibyte;
    case provider_kind::mailgun:  // 25 MB after encoding
      return 20 * mebibyte;
    case provider_kind::postmark:  // 10 MB in all
      return 10 * mebibyte * 3 / 4 - mebibyte / 2;
    case provider_kind::sparkpost:  // 20 MB in all
      return 14 * mebibyte;
    case provider_kind::graph:  // 4 MB for a request, encoded twice
      return 2 * mebibyte;
    case provider_kind::custom:
      return 100 * mebibyte;
  }
  return 0;
}

std::string_view name_of(provider_kind provider) {
  constexpr std::array<std::string_view, 9> names{"smtp",     "sendgrid",  "resend", "ses",   "mailgun",
                                                  "postmark", "sparkpost", "graph",  "custom"};
  return names[static_cast<std::size_t>(provider) - 1];
}

std::optional<config> parse_config(std::string_view text, sdk::fault_sink& faults) {
  const auto document = json::parse(text.begin(), text.end(), nullptr, false);
  if (!document.is_object()) {
    faults("", "type", "the configuration must be a JSON object");
    return std::nullopt;
  }
  const auto before = faults.count();
  config settings;
  read_all(config_reader{document, "", faults}, settings);
  if (faults.count() != before) return std::nullopt;
  return settings;
}

}  // namespace waybill::email
