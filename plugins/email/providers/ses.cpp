// SPDX-License-Identifier: Apache-2.0
// Amazon SES, API v2: POST /v2/email/outbound-emails with the whole message (Content.Raw), signed with Signature Version 4.
#include "plugins/email/http_provider.hpp"
#include "plugins/email/mime.hpp"
#include "plugins/email/provider_json.hpp"

namespace waybill::email {
namespace {

using nlohmann::json;

[[nodiscard]] json specs(const address_list& list) {
  json out = json::array();
  for (const auto& one : list) out.push_back(one.spec());
  return out;
}

class ses final : public http_provider {
public:
  explicit ses(const http_settings& settings)
      : base_(settings.base_url.empty() ? "https://email." + settings.region + ".amazonaws.com" : settings.base_url),
        configuration_set_(settings.configuration_set),
        tags_(settings.tags) {}

  void add_headers(transfer::header_list& to) const override { to.add("Content-Type", "application/json"); }

  std::optional<http_request> request(const mail& what, source_ptr content, std::string& why) const override {
    auto frame = make_mime(what, bcc_header::leave_out, why);
    if (!frame) return std::nullopt;
    json destination = json::object();
    if (!what.to.empty()) destination["ToAddresses"] = specs(what.to);
    if (!what.cc.empty()) destination["CcAddresses"] = specs(what.cc);
    if (!what.bcc.empty()) destination["BccAddresses"] = specs(what.bcc);
    json out{{"FromEmailAddress", what.from.spec()}, {"Destination", destination}};
    if (!configuration_set_.empty()) out["ConfigurationSetName"] = configuration_set_;
    for (const auto& tag : tags_) out["EmailTags"].push_back({{"Name", "category"}, {"Value", tag}});
    http_request request;
    request.url = joined_url(base_, "/v2/email/outbound-emails");
    request.body = joined_source({text_source(R"({"Content":{"Raw":{"Data":")"),
                                  base64_source(mime_source(std::move(*frame), std::move(content)), base64_form::one_line),
                                  text_source("\"}}," + to_text(out).substr(1))});
    return request;
  }

  http_request test_request() const override {
    http_request request;
    request.method = "GET";
    request.url = joined_url(base_, "/v2/email/account");
    return request;
  }
  // A key that may send and nothing else is no worse for that: what matters is that its signature was accepted.
  bool passes(std::int32_t status, std::string_view body) const override {
    if (status == 403) {
      const auto type = first_text_at(body, {"/__type", "/code", "/Code"}) + text_at(body, "/message");
      return type.find("AccessDenied") != std::string::npos || type.find("is not authorized to perform") != std::string::npos;
    }
    return status == 200 && body.find("\"SendingEnabled\":false") == std::string_view::npos;
  }
  std::string reference(const transfer::outcome& answer) const override { return text_at(answer.body, "/MessageId"); }
  std::string complaint(std::string_view body) const override {
    return first_text_at(body, {"/message", "/Message", "/__type"});
  }
  bool signs() const override { return true; }

private:
  std::string base_, configuration_set_;
  std::vector<std::string> tags_;
};

}  // namespace

std::unique_ptr<http_provider> make_ses(const http_settings& settings) { return std::make_unique<ses>(settings); }

}  // namespace waybill::email
