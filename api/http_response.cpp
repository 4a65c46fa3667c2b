// SPDX-License-Identifier: Apache-2.0
#include "api/http_response.hpp"

#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace waybill::api {

namespace {

/// The lines that every answer has, `Date` among them: made once a second.
const std::string& common_headers(core::utc_time now) {
  struct cached {
    std::time_t second = -1;
    std::string lines;
  };
  thread_local cached cache;
  const auto second = static_cast<std::time_t>(core::to_unix_ms(now) / 1'000);
  if (second != cache.second) {
    std::tm parts{};
    gmtime_r(&second, &parts);
    char date[40];
    const auto size = std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);  // RFC 9110 section 5.6.7
    cache.second = second;
    cache.lines = fmt::format(
        "Date: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n",
        std::string_view{date, size});
  }
  return cache.lines;
}

constexpr std::string_view closed_policy = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";

}  // namespace

http_response& http_response::add_header(std::string_view name, std::string_view value) {
  headers += name;
  headers += ": ";
  for (const char c : value)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) headers += c;
  headers += "\r\n";
  return *this;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

std::string serialize(const http_response& response, const response_frame& frame, core::utc_time now) {
  const auto& common = common_headers(now);
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string out;
  out.reserve(common.size() + response.headers.size() + response.body.size() + 384);
  auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  out += common;
  if (!response.own_policy) out += closed_policy;
  // RFC 9110 section 8.6: no Content-Length with a 204.
  if (!bodiless) fmt::format_to(to, "Content-Length: {}\r\n", response.announced_size.value_or(response.body.size()));
  if (!bodiless && !response.content_type.empty()) fmt::format_to(to, "Content-Type: {}\r\n", response.content_type);
  fmt::format_to(to, "X-Request-Id: {}\r\n", frame.request_id);
  if (!frame.traceparent.empty()) fmt::format_to(to, "traceparent: {}\r\n", frame.traceparent);
  // Said in both cases: an HTTP/1.0 client that asked to keep the connection waits for the word, and RESTinio does not tell
  // which version a request was.
  out += frame.keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  out += response.headers;
  out += "\r\n";
  if (!bodiless && !frame.head_only) out += response.body;
  return out;
}

}  // namespace waybill::api
