// SPDX-License-Identifier: Apache-2.0
#include "mime.hpp"

#include <algorithm>
#include <ctime>
#include <exception>
#include <memory>
#include <utility>

#include <vmime/contentDispositionField.hpp>
#include <vmime/contentTypeField.hpp>
#include <vmime/platforms/posix/posixHandler.hpp>
#include <vmime/vmime.hpp>

namespace waybill::email {
namespace {

using vmime::make_shared;
using vmime::shared_ptr;

constexpr std::size_t longest_line = 76;

const vmime::charset& utf8() {
  static const vmime::charset name{vmime::charsets::UTF_8};
  return name;
}

/// The library wants to know its platform before anything else.
[[nodiscard]] bool library_ready() {
  static const bool done = [] {
    vmime::platform::setHandler<vmime::platforms::posix::posixHandler>();
    return true;
  }();
  return done;
}

// "=_" appears in no text that is quoted-printable or base64 (RFC 2045 section 6.7).
[[nodiscard]] std::string boundary(const char* kind, const mail& what) {
  return std::string{"=_"} + kind + "_" + what.message_id.substr(0, std::min<std::size_t>(what.message_id.find('@'), 60));
}

[[nodiscard]] bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// As one word: of several, encoded each by itself, a reader drops the spaces between (RFC 2047 section 6.2).
[[nodiscard]] vmime::text to_text(const std::string& text) {
  static const vmime::charset ascii{vmime::charsets::US_ASCII};
  return vmime::text{vmime::word{text, is_ascii(text) ? ascii : utf8()}};
}

[[nodiscard]] shared_ptr<vmime::mailbox> to_mailbox(const address& from) {
  const vmime::emailAddress spec{vmime::word{from.local, utf8()}, vmime::word{from.domain, utf8()}};
  return from.name.empty() ? make_shared<vmime::mailbox>(spec) : make_shared<vmime::mailbox>(to_text(from.name), spec);
}

[[nodiscard]] vmime::addressList to_addresses(const address_list& from) {
  vmime::addressList out;
  for (const auto& one : from) out.appendAddress(to_mailbox(one));
  return out;
}

void set_head(vmime::header& head, const mail& what, bcc_header bcc) {
  head.getField("MIME-Version")->setValue(vmime::text{"1.0"});
  head.Date()->setValue(vmime::datetime{static_cast<std::time_t>(what.date_ms / 1'000), 0});
  const auto at = what.message_id.find('@');
  head.MessageId()->setValue(vmime::messageId{what.message_id.substr(0, at), what.message_id.substr(at + 1)});
  head.From()->setValue(to_mailbox(what.from));
  if (!what.to.empty()) head.To()->setValue(to_addresses(what.to));
  if (!what.cc.empty()) head.Cc()->setValue(to_addresses(what.cc));
  if (!what.bcc.empty() && bcc == bcc_header::write) head.Bcc()->setValue(to_addresses(what.bcc));
  head.Subject()->setValue(to_text(what.subject));
}

/// A line of printable ASCII, folded where it may be (RFC 5322 section 2.2.3). The library would turn a long word, a URL
/// say, into encoded words, which not every field may hold.
[[nodiscard]] std::string folded(const std::string& value, std::size_t used) {
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    const auto end = std::min(value.find(' ', at + 1), value.size());
    if (at > 0 && used + end - at > longest_line) {
      out += "\r\n";
      used = 0;
    }
    out.append(value, at, end - at);
    used += end - at;
    at = end;
  }
  return out;
}

/// The fields that the library has no right form for: several addresses in Reply-To, and what the configuration adds.
[[nodiscard]] std::string further_fields(const mail& what) {
  std::string out = "Auto-Submitted: auto-generated\r\n";
  if (!what.reply_to.empty()) out += "Reply-To: " + to_addresses(what.reply_to).generate(longest_line, 10) + "\r\n";
  for (const auto& [name, value] : what.headers) {
    out += name + ": ";
    out += is_ascii(value) ? folded(value, name.size() + 2) : to_text(value).generate(longest_line, name.size() + 2);
    out += "\r\n";
  }
  return out;
}

[[nodiscard]] std::string with_crlf(const std::string& text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (text[i] == '\n' || text[i] == '\r')
      out += "\r\n";
    else
      out += text[i];
  }
  return out;
}

void set_text(vmime::bodyPart& part, const std::string& text, const char* subtype) {
  part.getBody()->setContents(make_shared<vmime::stringContentHandler>(with_crlf(text)),
                              vmime::mediaType{vmime::mediaTypes::TEXT, subtype}, utf8(),
                              vmime::encoding{vmime::encodingTypes::QUOTED_PRINTABLE});
}

void set_multipart(vmime::bodyPart& part, const char* subtype, const std::string& limit) {
  part.getHeader()->ContentType()->setValue(vmime::mediaType{vmime::mediaTypes::MULTIPART, subtype});
  vmime::dynamicCast<vmime::contentTypeField>(part.getHeader()->ContentType())->setBoundary(limit);
}

void set_texts(vmime::bodyPart& part, const mail& what) {
  if (what.html.empty()) return set_text(part, what.text, vmime::mediaTypes::TEXT_PLAIN);
  if (what.text.empty()) return set_text(part, what.html, vmime::mediaTypes::TEXT_HTML);
  set_multipart(part, vmime::mediaTypes::MULTIPART_ALTERNATIVE, boundary("a", what));
  const auto plain = make_shared<vmime::bodyPart>();
  const auto rich = make_shared<vmime::bodyPart>();
  set_text(*plain, what.text, vmime::mediaTypes::TEXT_PLAIN);
  set_text(*rich, what.html, vmime::mediaTypes::TEXT_HTML);
  part.getBody()->appendPart(plain);
  part.getBody()->appendPart(rich);
}

/// The head of the attachment's part; its content comes later.
void set_file(vmime::bodyPart& part, const attached_file& file) {
  auto& head = *part.getHeader();
  const auto slash = file.content_type.find('/');
  head.ContentType()->setValue(vmime::mediaType{file.content_type.substr(0, slash), file.content_type.substr(slash + 1)});
  head.ContentTransferEncoding()->setValue(vmime::encoding{vmime::encodingTypes::BASE64});
  head.ContentDisposition()->setValue(vmime::contentDisposition{vmime::contentDispositionTypes::ATTACHMENT});
  vmime::dynamicCast<vmime::contentDispositionField>(head.ContentDisposition())
      ->setFilename(vmime::word{file.filename, utf8()});
}

void generate(vmime::message& message, std::string& into) {
  vmime::generationContext context{vmime::generationContext::getDefaultContext()};
  context.setPrologText("");
  context.setEpilogText("");
  vmime::utility::outputStreamStringAdapter stream{into};
  message.generate(context, stream);
}

}  // namespace

std::optional<mime_frame> make_mime(const mail& what, bcc_header bcc, std::string& why) {
  try {
    if (!library_ready()) return std::nullopt;
    vmime::message message;
    set_head(*message.getHeader(), what, bcc);
    mime_frame out{further_fields(what), {}};
    if (!what.attachment) {
      set_texts(message, what);
      generate(message, out.before);
      return out;
    }
    const auto limit = boundary("m", what);
    set_multipart(message, vmime::mediaTypes::MULTIPART_MIXED, limit);
    const auto texts = make_shared<vmime::bodyPart>();
    const auto file = make_shared<vmime::bodyPart>();
    set_texts(*texts, what);
    set_file(*file, *what.attachment);
    message.getBody()->appendPart(texts);
    message.getBody()->appendPart(file);
    generate(message, out.before);
    const auto end = out.before.rfind("--" + limit + "--");
    out.after = out.before.substr(end);
    // The line end before the limit is the library's for an empty part; ours ends with its last line of base64.
    out.before.resize(end - 2);
    return out;
  } catch (const std::exception& e) {
    why = e.what();
    return std::nullopt;
  }
}

source_ptr mime_source(mime_frame frame, source_ptr content) {
  if (frame.after.empty()) return text_source(std::move(frame.before));
  return joined_source({text_source(std::move(frame.before)), base64_source(std::move(content), base64_form::lines),
                        text_source(std::move(frame.after))});
}

}  // namespace waybill::email
