// SPDX-License-Identifier: Apache-2.0
#include "provider_json.hpp"

#include <exception>

#include "http_provider.hpp"

namespace waybill::email {

using nlohmann::json;

std::string to_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string to_text(const address& one) {
  if (one.name.empty()) return one.spec();
  std::string out = "\"";
  for (const char c : one.name) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\" <" + one.spec() + ">";
}

std::string to_text(const address_list& list) {
  std::string out;
  for (const auto& one : list) out += (out.empty() ? "" : ", ") + to_text(one);
  return out;
}

std::vector<std::string> to_texts(const address_list& list) {
  std::vector<std::string> out;
  for (const auto& one : list) out.push_back(to_text(one));
  return out;
}

namespace {

/// {"list":[{…,"member":" and what comes after the content.
struct frame {
  std::string before, after;
};
[[nodiscard]] frame frame_of(const json& object, const attachment_form& form) {
  const auto file = to_text(form.file);
  const auto rest = to_text(object);
  frame out;
  out.before = std::string{"{\""} + form.list + "\":[" + file.substr(0, file.size() - 1) + (file.size() > 2 ? "," : "") + "\"" +
               form.member + "\":\"";
  out.after = "\"}]" + (rest.size() > 2 ? "," + rest.substr(1) : "}");
  return out;
}

[[nodiscard]] source_ptr around(frame parts, source_ptr content) {
  return joined_source({text_source(std::move(parts.before)), base64_source(std::move(content), base64_form::one_line),
                        text_source(std::move(parts.after))});
}

}  // namespace

source_ptr with_attachment(const json& outer, const attachment_form& form, source_ptr content) {
  if (!content) return text_source(to_text(outer));
  return around(frame_of(outer, form), std::move(content));
}

source_ptr with_inner_attachment(const json& outer, const char* name, const json& inner, const attachment_form& form,
                                 source_ptr content) {
  auto whole = outer;
  if (!content) {
    whole[name] = inner;
    return text_source(to_text(whole));
  }
  auto parts = frame_of(inner, form);
  const auto rest = to_text(outer);
  parts.before.insert(0, std::string{"{\""} + name + "\":");
  parts.after += rest.size() > 2 ? "," + rest.substr(1) : "}";
  return around(std::move(parts), std::move(content));
}

std::string text_at(std::string_view answer, const std::string& pointer) {
  try {
    const auto document = json::parse(answer.begin(), answer.end(), nullptr, false);
    if (document.is_discarded()) return {};
    const json::json_pointer at{pointer};
    if (!document.contains(at)) return {};
    const auto& found = document.at(at);
    if (found.is_string()) return found.get<std::string>();
    return found.is_number() ? found.dump() : std::string{};
  } catch (const std::exception&) {
    return {};  // the pointer is none of this document
  }
}

std::string first_text_at(std::string_view answer, std::initializer_list<const char*> pointers) {
  for (const auto* pointer : pointers)
    if (auto text = text_at(answer, pointer); !text.empty()) return text;
  return {};
}

std::string joined_url(std::string base, std::string_view path) {
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base.append(path);
}

std::unique_ptr<http_provider> make_provider(const config& settings) {
  switch (settings.provider) {
    case provider_kind::sendgrid:
      return make_sendgrid(settings.http);
    case provider_kind::resend:
      return make_resend(settings.http);
    case provider_kind::ses:
      return make_ses(settings.http);
    case provider_kind::mailgun:
      return make_mailgun(settings.http);
    case provider_kind::postmark:
      return make_postmark(settings.http);
    case provider_kind::sparkpost:
      return make_sparkpost(settings.http);
    case provider_kind::graph:
      return make_graph(settings.http);
    case provider_kind::custom:
      return make_custom(settings.http);
    case provider_kind::smtp:
      break;
  }
  return nullptr;
}

}  // namespace waybill::email
