// SPDX-License-Identifier: Apache-2.0
#include "mail.hpp"

#include <algorithm>
#include <ctime>
#include <set>

#include <nlohmann/json.hpp>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::email {
namespace {

using nlohmann::json;

// Larger content is not parsed for templates: a mail that shows so much of it is none.
constexpr std::uint64_t most_parsed_bytes = 262'144;
constexpr std::size_t longest_subject = 900;  // RFC 5322 section 2.1.1 allows 998 for a line
constexpr std::size_t longest_header = 4'096;
constexpr std::size_t longest_filename = 200;
constexpr std::size_t longest_body = 1'048'576;
constexpr std::size_t most_recipients = 1'000;

[[nodiscard]] bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Takes out of a list whom another list, or the same one before, has already: some providers refuse a repeat.
void keep_new(address_list& list, std::set<std::string>& seen) {
  const auto known = [&](const address& one) {
    auto spec = one.spec();
    for (auto& c : spec)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return !seen.insert(std::move(spec)).second;
  };
  list.erase(std::remove_if(list.begin(), list.end(), known), list.end());
}

[[nodiscard]] std::vector<template_text> parsed(const std::vector<std::string>& texts) {
  std::vector<template_text> out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

/// Cut at a character.
[[nodiscard]] std::string cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0u) == 0x80u) --limit;
  text.resize(limit);
  return text;
}

/// The last part of a path, of any system's.
[[nodiscard]] std::string file_name(std::string_view text) {
  auto name = header_text(text);
  if (const auto slash = name.find_last_of("/\\"); slash != std::string::npos) name.erase(0, slash + 1);
  name.erase(std::remove(name.begin(), name.end(), '"'), name.end());
  if (name.size() <= longest_filename) return name;
  // What says its type stays.
  const auto dot = name.rfind('.');
  const auto ending = dot == std::string::npos || name.size() - dot > 16 ? std::string{} : name.substr(dot);
  return cut(name, longest_filename - ending.size()) + ending;
}

[[nodiscard]] bool is_media_type(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && transfer::is_header_name(text.substr(0, slash)) &&
         transfer::is_header_name(text.substr(slash + 1)) && text.size() <= 127;
}

[[nodiscard]] std::string without_parameters(std::string_view type) {
  auto out = header_text(type.substr(0, type.find(';')));
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

[[nodiscard]] bool is_json(std::string_view type) {
  const auto plain = without_parameters(type);
  return plain == "application/json" || (plain.size() > 5 && plain.compare(plain.size() - 5, 5, "+json") == 0);
}

/// The name a file gets if the delivery has none.
[[nodiscard]] std::string default_name(const sdk::delivery& what) {
  if (!what.filename().empty()) return file_name(what.filename());
  const auto type = without_parameters(what.content_type());
  const char* ending = is_json(type)               ? ".json"
                       : type == "text/csv"        ? ".csv"
                       : type == "text/plain"      ? ".txt"
                       : type == "text/html"       ? ".html"
                       : type == "application/pdf" ? ".pdf"
                       : type == "application/xml" ? ".xml"
                       : type == "application/zip" ? ".zip"
                                                   : ".bin";
  return std::string{what.payload_type().empty() ? "content" : what.payload_type()} + ending;
}

[[nodiscard]] std::string iso_time(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// "3.4 MiB"
[[nodiscard]] std::string readable_size(std::uint64_t bytes) {
  constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  std::uint64_t tenths = bytes * 10;
  std::size_t unit = 0;
  for (; tenths >= 10'240 && unit < 4; ++unit) tenths /= 1'024;
  auto out = std::to_string(tenths / 10);
  if (unit > 0) out += "." + std::to_string(tenths % 10);
  return out + " " + units[unit];
}

[[nodiscard]] json content_of(const sdk::delivery& what) {
  if (!what.in_memory() || what.size() > most_parsed_bytes) return nullptr;
  const auto content = what.content();
  if (is_json(what.content_type())) {
    auto document = json::parse(content.begin(), content.end(), nullptr, false);
    return document.is_discarded() ? json{} : document;
  }
  if (what.content_type().substr(0, 5) == "text/" && transfer::is_utf8(content)) return std::string{content};
  return nullptr;
}

}  // namespace

std::string header_text(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char c : text) {
    if (is_control(c) || c == ' ') {
      space = !out.empty();
      continue;
    }
    if (space) out.push_back(' ');
    space = false;
    out.push_back(c);
  }
  return out;
}

std::vector<std::string> mail::recipients() const {
  std::vector<std::string> out;
  for (const auto* list : {&to, &cc, &bcc})
    for (const auto& one : *list) out.push_back(one.spec());
  return out;
}

mail_maker::mail_maker(const config& settings)
    : settings_(settings),
      to_(parsed(settings.to)),
      cc_(parsed(settings.cc)),
      bcc_(parsed(settings.bcc)),
      reply_to_(parsed(settings.reply_to)),
      subject_(settings.subject),
      text_(settings.text),
      html_(settings.html, escaping::html),
      filename_(settings.attachment.filename),
      content_type_(settings.attachment.content_type) {
  for (const auto& [name, value] : settings.headers) headers_.emplace_back(name, template_text{value});
  reads_data_ = mentions("data");
  reads_link_ = text_.mentions("link") || html_.mentions("link");
}

bool mail_maker::mentions(std::string_view name) const {
  const auto any = [&](const std::vector<template_text>& list) {
    return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.mentions(name); });
  };
  return subject_.mentions(name) || text_.mentions(name) || html_.mentions(name) || filename_.mentions(name) ||
         content_type_.mentions(name) || any(to_) || any(cc_) || any(bcc_) || any(reply_to_) ||
         std::any_of(headers_.begin(), headers_.end(), [&](const auto& one) { return one.second.mentions(name); });
}

bool mail_maker::needs_link(const sdk::delivery& what) const {
  return settings_.attachment.when == attach::always && settings_.attachment.above == oversize::link &&
         what.size() > settings_.attachment.max_bytes;
}

bool mail_maker::too_large(const sdk::delivery& what) const {
  return settings_.attachment.when == attach::always && settings_.attachment.above == oversize::reject &&
         what.size() > settings_.attachment.max_bytes;
}

template_values mail_maker::values_of(const sdk::delivery& what, const std::string& link) const {
  json values{{"deliveryId", what.delivery_id()},
              {"taskId", what.task_id()},
              {"organizationId", what.organization_id()},
              {"correlationId", what.correlation_id()},
              {"payloadType", what.payload_type()},
              {"contentType", what.content_type()},
              {"filename", default_name(what)},
              {"size", what.size()},
              {"readableSize", readable_size(what.size())},
              {"sha256", transfer::to_hex({reinterpret_cast<const char*>(what.sha256()), 32})},
              {"createdAt", iso_time(what.created_at_ms())},
              {"link", link}};
  const auto metadata = what.metadata();
  values["metadata"] = json::parse(metadata.begin(), metadata.end(), nullptr, false);
  if (!values["metadata"].is_object()) values["metadata"] = json::object();
  if (reads_data_) values["data"] = content_of(what);
  return template_values{values};
}

std::optional<mail> mail_maker::make(const sdk::delivery& what, const std::string& link, std::string& why) const {
  mail out;
  out.from = settings_.from;
  out.date_ms = what.created_at_ms();
  out.idempotency_key = std::string{what.idempotency_key()};
  out.message_id = std::string{what.task_id()} + "@" +
                   (settings_.message_id_domain.empty() ? settings_.from.domain : settings_.message_id_domain);
  const auto values = values_of(what, link);
  if (!fill_addresses(values, out, why) || !fill_texts(values, out, why)) return std::nullopt;
  if (!link.empty())
    add_link(what, link, out);
  else if (settings_.attachment.when == attach::always && !fill_attachment(what, values, out, why))
    return std::nullopt;
  return out;
}

bool mail_maker::fill_addresses(const template_values& values, mail& into, std::string& why) const {
  const field fields[] = {
      {"to", &to_, &into.to}, {"cc", &cc_, &into.cc}, {"bcc", &bcc_, &into.bcc}, {"replyTo", &reply_to_, &into.reply_to}};
  for (const auto& [name, templates, list] : fields)
    for (const auto& one : *templates) {
      const auto text = one.render(values, 65'536);
      auto found = parse_addresses(text ? *text : std::string{});
      if (!text) found.fault = "could not be made: its template yields too much";
      if (!found.fault.empty()) {
        why = std::string{"An address of \""} + name + "\" cannot be used: it " + found.fault + ".";
        return false;
      }
      list->insert(list->end(), found.list.begin(), found.list.end());
    }
  std::set<std::string> seen;
  for (auto* const list : {&into.to, &into.cc, &into.bcc}) keep_new(*list, seen);
  const auto count = seen.size();
  if (count == 0) why = "The mail has no recipient.";
  if (count > most_recipients) why = "The mail has more than 1,000 recipients.";
  return why.empty();
}

bool mail_maker::fill_texts(const template_values& values, mail& into, std::string& why) const {
  const auto render = [&](const char* name, const template_text& from, std::size_t limit, std::string& text) {
    auto made = from.render(values, limit);
    if (made && transfer::is_utf8(*made)) {
      text = std::move(*made);
      return true;
    }
    why = std::string{"The template of \""} + name + "\" yields " + (made ? "text that is not UTF-8." : "too much text.");
    return false;
  };
  if (!render("subject", subject_, longest_body, into.subject) || !render("text", text_, longest_body, into.text) ||
      !render("html", html_, longest_body, into.html))
    return false;
  into.subject = cut(header_text(into.subject), longest_subject);
  for (const auto& [name, value] : headers_) {
    std::string text;
    if (!render(name.c_str(), value, longest_header, text)) return false;
    if (text = header_text(text); !text.empty()) into.headers.emplace_back(name, std::move(text));
  }
  return true;
}

bool mail_maker::fill_attachment(const sdk::delivery& what, const template_values& values, mail& into, std::string& why) const {
  attached_file file;
  file.size = what.size();
  const auto name = filename_.render(values, 4'096);
  const auto type = content_type_.render(values, 4'096);
  if (!name || !type) {
    why = "The template of the attachment's name or type yields too much text.";
    return false;
  }
  file.filename = file_name(*name);
  if (file.filename.empty()) file.filename = default_name(what);
  file.content_type = without_parameters(type->empty() ? what.content_type() : std::string_view{*type});
  if (file.content_type.empty()) file.content_type = "application/octet-stream";
  if (!is_media_type(file.content_type) || !transfer::is_utf8(file.filename)) {
    why = "The attachment's name or media type cannot be used.";
    return false;
  }
  into.attachment = std::move(file);
  return true;
}

/// Where no template shows the link it is added, so that no mail arrives without its content.
void mail_maker::add_link(const sdk::delivery& what, const std::string& link, mail& into) const {
  if (reads_link_) return;
  const auto sentence = default_name(what) + " (" + readable_size(what.size()) + "): ";
  if (!into.text.empty() || into.html.empty()) into.text += (into.text.empty() ? "" : "\n\n") + sentence + link + "\n";
  if (into.html.empty()) return;
  template_values values{json{{"sentence", sentence}, {"link", link}}};
  const template_text paragraph{"<p>{{sentence}}<a href=\"{{link}}\">{{link}}</a></p>", escaping::html};
  into.html += *paragraph.render(values);
}

}  // namespace waybill::email
