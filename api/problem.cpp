// SPDX-License-Identifier: Apache-2.0
#include "api/problem.hpp"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

namespace waybill::api {

namespace {

using nlohmann::json;

/// "DESTINATION_NOT_FOUND" as "Destination not found".
std::string title_of(std::string_view code) {
  std::string title{code};
  std::transform(title.begin(), title.end(), title.begin(),
                 [](unsigned char c) { return c == '_' ? ' ' : static_cast<char>(std::tolower(c)); });
  if (!title.empty()) title[0] = code[0];
  return title;
}

/// "DESTINATION_NOT_FOUND" as the URN of its kind: stable, and nothing that a client could be led to fetch.
std::string type_of(std::string_view code) {
  std::string type = "urn:waybill:error:";
  for (const char c : code) type += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return type;
}

http_response render(int status, std::string_view code, std::string_view detail, json errors) {
  json document{{"type", type_of(code)}, {"title", title_of(code)}, {"status", status}, {"detail", detail}, {"code", code}};
  if (!errors.empty()) document["errors"] = std::move(errors);
  http_response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = document.dump(-1, ' ', false, json::error_handler_t::replace);
  return response;
}

}  // namespace

int status_of(core::error_code code) {
  using core::error_code;
  switch (code) {
    case error_code::validation_error:
    case error_code::malformed_request:
      return 400;
    case error_code::unauthenticated:
      return 401;
    case error_code::forbidden:
      return 403;
    case error_code::not_found:
    case error_code::organization_not_found:
    case error_code::destination_not_found:
    case error_code::destination_type_not_found:
    case error_code::delivery_not_found:
    case error_code::attempt_not_found:
    case error_code::payload_not_found:
    case error_code::key_not_found:
    case error_code::secret_not_found:
    case error_code::job_not_found:
    case error_code::hold_not_found:
    case error_code::erasure_not_found:
    case error_code::link_not_found:
      return 404;
    case error_code::method_not_allowed:
      return 405;
    case error_code::conflict:
    case error_code::idempotency_in_progress:
    case error_code::legal_hold:
      return 409;
    case error_code::payload_expired:
      return 410;
    case error_code::precondition_failed:
      return 412;
    case error_code::payload_too_large:
      return 413;
    case error_code::uri_too_long:
      return 414;
    case error_code::unsupported_media_type:
      return 415;
    case error_code::idempotency_key_reused:
    case error_code::connection_test_failed:
      return 422;
    case error_code::precondition_required:
      return 428;
    case error_code::rate_limit_exceeded:
      return 429;
    case error_code::headers_too_large:
      return 431;
    case error_code::queue_full:
    case error_code::store_unavailable:
    case error_code::shutting_down:
      return 503;
    case error_code::fenced:
    case error_code::internal_error:
      return 500;
  }
  return 500;
}

http_response problem(const core::error& error) {
  const int status = status_of(error.code);
  if (status == 500) return problem(500, "INTERNAL_ERROR", "something went wrong inside; the request id finds it in the log");
  json errors = json::array();
  for (const auto& field : error.fields)
    errors.push_back({{"pointer", field.pointer}, {"rule", field.rule}, {"message", field.message}});
  auto response = render(status, core::to_string(error.code), error.message, std::move(errors));
  if (status == 401) response.add_header("WWW-Authenticate", "Bearer realm=\"waybill\"");
  if (status == 503 || status == 429 || error.code == core::error_code::idempotency_in_progress) {
    // Whole seconds, rounded up: a client that waits this long finds the time has come.
    const auto wait = error.retry_after.value_or(std::chrono::milliseconds{1'000}).count();
    response.add_header("Retry-After", std::to_string(std::max<long long>(1, (wait + 999) / 1'000)));
  }
  return response;
}

http_response problem(int status, std::string_view code, std::string_view detail) {
  return render(status, code, detail, json::array());
}

}  // namespace waybill::api
