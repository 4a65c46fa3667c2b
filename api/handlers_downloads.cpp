// SPDX-License-Identifier: Apache-2.0
// GET /d/{token}: what a download link leads to. No key: the link is the proof.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/byte_ranges.hpp"
#include "api/content_disposition.hpp"
#include "api/download_sender.hpp"
#include "api/exchange.hpp"
#include "api/handlers.hpp"
#include "api/problem.hpp"
#include "core/security/digest.hpp"

namespace waybill::api {

namespace {

constexpr std::size_t longest_credentials = 1'024;

/// RFC 7617: the password; whatever user name is sent along does not matter.
std::optional<std::string> basic_password(std::string_view field) {
  constexpr std::string_view scheme = "basic ";
  if (field.size() > longest_credentials || field.size() <= scheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if ((field[i] >= 'A' && field[i] <= 'Z' ? static_cast<char>(field[i] | 0x20) : field[i]) != scheme[i]) return std::nullopt;
  field.remove_prefix(scheme.size());
  while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
  const auto pair = core::from_base64(field);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return pair->substr(colon + 1);
}

http_response ask_for_password(const core::error& error) {
  auto response = problem(401, core::to_string(error.code), error.message);
  response.add_header("WWW-Authenticate", "Basic realm=\"download\", charset=\"UTF-8\"");
  return response;
}

/// Strong: the SHA-256 of the content.
std::string etag_of(const core::delivery& content) {
  return "\"" + core::to_hex(content.sha256.data(), content.sha256.size()) + "\"";
}

http_response head_of(const core::delivery& content, int status) {
  http_response response;
  response.status = status;
  response.content_type = {};
  response.add_header("ETag", etag_of(content));
  response.add_header("Accept-Ranges", "bytes");
  // To be saved, never shown or run: the producer chose the type, and this origin is not the producer's.
  response.add_header("Content-Disposition", attachment_named(content.filename));
  response.add_header("X-Robots-Tag", "noindex, nofollow");
  return response;
}

/// Answers with the head alone.
void answer_head(exchange& x, const core::open_download_ptr& what, core::access_outcome outcome, http_response response) {
  x.service().note_download(what, outcome);
  x.answer(std::move(response));
}

void refuse_range(exchange& x, const core::open_download_ptr& what) {
  auto response = problem(
      416, "RANGE_NOT_SATISFIABLE",
      "the content has " + std::to_string(what->content->content_size()) + " bytes: none of what Range asks for is there");
  response.add_header("Content-Range", "bytes */" + std::to_string(what->content->content_size()));
  response.add_header("ETag", etag_of(*what->content));
  answer_head(x, what, core::access_outcome::range_not_satisfied, std::move(response));
}

wanted_ranges ranges_of(const exchange& x, const core::delivery& content) {
  const auto& headers = x.request.headers;
  // RFC 9110 section 13.1.5: a date never fits, because none was sent.
  const bool holds = headers.if_range.empty() || headers.if_range == etag_of(content);
  return holds ? parse_ranges(headers.range, content.content_size()) : wanted_ranges{};
}

void send(exchange& x, const core::open_download_ptr& what, wanted_ranges wanted) {
  const bool is_part = wanted.verdict == range_verdict::parts;
  if (!is_part) wanted.parts = {{0, what->content->content_size() - 1}};
  std::uint64_t bytes = 0;
  for (const auto& part : wanted.parts) bytes += part.size();
  x.service().begin_download(
      what, bytes, is_part,
      x.on_reply<std::uint64_t>(
          [what, parts = std::move(wanted.parts), is_part](exchange& y, core::result<std::uint64_t> access) {
            if (!access) return y.answer(access.error());
            auto head = head_of(*what->content, is_part ? 206 : 200);
            if (is_part && parts.size() == 1)
              head.add_header("Content-Range", content_range(parts.front(), what->content->content_size()));
            std::make_shared<download_sender>(y.shared_from_this(), what, *access)->send(std::move(head), parts);
          }));
}

/// Nothing to stream, but an access all the same.
void send_nothing(exchange& x, const core::open_download_ptr& what) {
  x.service().begin_download(what, 0, false,
                             x.on_reply<std::uint64_t>([what](exchange& y, const core::result<std::uint64_t>& access) {
                               if (!access) return y.answer(access.error());
                               auto response = head_of(*what->content, 200);
                               response.add_header("Content-Type", what->content->content_type);
                               y.answer(std::move(response));
                             }));
}

void serve(exchange& x, const core::open_download_ptr& what) {
  const auto& content = *what->content;
  const auto& headers = x.request.headers;
  const auto etag = etag_of(content);
  if (!headers.if_match.empty() && !lists_etag(headers.if_match, etag, etag_match::strong))
    return answer_head(x, what, core::access_outcome::checked,
                       problem(412, "PRECONDITION_FAILED", "the content is not the one that If-Match names"));
  if (!headers.if_none_match.empty() && lists_etag(headers.if_none_match, etag, etag_match::weak))
    return answer_head(x, what, core::access_outcome::not_modified, head_of(content, 304));
  if (x.request.method == http_method::head) {
    auto response = head_of(content, 200);
    response.add_header("Content-Type", content.content_type);
    response.announced_size = content.content_size();
    return answer_head(x, what, core::access_outcome::checked, std::move(response));
  }
  if (content.content_size() == 0) return send_nothing(x, what);
  auto wanted = ranges_of(x, content);
  if (wanted.verdict == range_verdict::unsatisfiable) return refuse_range(x, what);
  send(x, what, std::move(wanted));
}

}  // namespace

void get_download(exchange& x) {
  core::download_request request;
  request.token = x.parameters[0];
  request.address = x.request.remote_address;
  request.agent = x.request.headers.user_agent;
  request.password = basic_password(x.request.headers.authorization);
  x.service().open_download(std::move(request), x.on_reply<core::open_download_ptr>(
                                                    [](exchange& y, const core::result<core::open_download_ptr>& opened) {
                                                      if (opened) return serve(y, *opened);
                                                      if (opened.error().code == core::error_code::unauthenticated)
                                                        return y.answer(ask_for_password(opened.error()));
                                                      y.answer(opened.error());
                                                    }));
}

}  // namespace waybill::api
