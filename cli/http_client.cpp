// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.hpp"

#include <cctype>

namespace waybill::cli {
namespace {

// An answer is at most a page of 500 resources or a payload of the node's body limit; this is far above both.
constexpr std::size_t max_answer_bytes = 256u * 1024 * 1024;

std::size_t append_body(char* data, std::size_t, std::size_t size, void* user) noexcept {
  auto& body = static_cast<http_answer*>(user)->body;
  if (body.size() + size > max_answer_bytes) return 0;
  body.append(data, size);
  return size;
}

std::size_t read_header(char* data, std::size_t, std::size_t size, void* user) noexcept {
  const std::string line{data, size};
  const auto colon = line.find(':');
  if (colon == std::string::npos) return size;
  std::string name = line.substr(0, colon);
  for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto from = line.find_first_not_of(" \t", colon + 1);
  const auto to = line.find_last_not_of(" \t\r\n");
  static_cast<http_answer*>(user)->headers[name] =
      from == std::string::npos || to < from ? "" : line.substr(from, to - from + 1);
  return size;
}

std::size_t read_on(char* buffer, std::size_t, std::size_t room, void* user) noexcept {
  const auto size = static_cast<const http_request*>(user)->read_body(buffer, room);
  return size <= room ? size : static_cast<std::size_t>(CURL_READFUNC_ABORT);
}

/// A body that is read while it is sent: without a limit on the whole, and not before the node has said it will take it.
void set_streamed_body(CURL* h, const http_request& request) {
  constexpr long slowest = 1;          // byte a second
  constexpr long standing_still = 90;  // seconds
  curl_easy_setopt(h, CURLOPT_POST, 1L);
  curl_easy_setopt(h, CURLOPT_READFUNCTION, read_on);
  curl_easy_setopt(h, CURLOPT_READDATA, &request);
  if (request.body_size) curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(*request.body_size));
  curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, 0L);
  curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, slowest);
  curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, standing_still);
}

}  // namespace

http_exchange::http_exchange() : handle_(curl_easy_init()) {}

void http_exchange::prepare(const http_request& request) {
  auto* h = handle_.get();
  answer_ = {};
  error_[0] = '\0';
  curl_slist* list = nullptr;
  // No pause for a 100-continue that the node does not need.
  if (!request.read_body) list = curl_slist_append(list, "Expect:");
  if (request.read_body && !request.body_size) list = curl_slist_append(list, "Transfer-Encoding: chunked");
  for (const auto& header : request.headers) list = curl_slist_append(list, header.c_str());
  headers_.reset(list);
  curl_easy_reset(h);  // connections stay
  curl_easy_setopt(h, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
  if (!request.read_body && (!request.body.empty() || request.method == "POST")) {
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(h, CURLOPT_USERAGENT, "waybill/" WAYBILL_VERSION);
  if (!request.ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, request.ca_file.c_str());
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(h, CURLOPT_WRITEDATA, &answer_);
  curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, read_header);
  curl_easy_setopt(h, CURLOPT_HEADERDATA, &answer_);
  curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
  curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, 90'000L);
  if (request.read_body) set_streamed_body(h, request);
}

http_answer http_exchange::finish(CURLcode code) {
  if (code == CURLE_OK) {
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &answer_.status);
  } else {
    answer_.status = 0;
    answer_.error = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  }
  return std::move(answer_);
}

http_answer http_exchange::perform(const http_request& request) {
  prepare(request);
  return finish(curl_easy_perform(handle_.get()));
}

}  // namespace waybill::cli
