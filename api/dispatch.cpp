// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "api/api_context.hpp"
#include "api/exchange.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/trace_context.hpp"

namespace waybill::api {

namespace {

using core::error_code;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Of "; charset=utf-8; x=y": is the charset UTF-8, or not named?
bool names_utf8_or_nothing(std::string_view parameters) {
  constexpr std::string_view name = "charset=";
  while (!parameters.empty()) {
    parameters.remove_prefix(1);
    const auto end = std::min(parameters.find(';'), parameters.size());
    const auto parameter = trimmed(parameters.substr(0, end));
    parameters.remove_prefix(end);
    if (!equals_ignoring_case(parameter.substr(0, name.size()), name)) continue;
    const auto value = parameter.substr(name.size());
    if (!equals_ignoring_case(value, "utf-8") && !equals_ignoring_case(value, "\"utf-8\"")) return false;
  }
  return true;
}

/// Splits the target; of the absolute form (RFC 9112 section 3.2.2) only path and query count.
core::result<std::pair<std::string_view, std::string_view>> split_target(std::string_view target) {
  if (target.substr(0, 7) == "http://" || target.substr(0, 8) == "https://") {
    const auto slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
  }
  if (target.empty() || target[0] != '/') return core::fail(error_code::malformed_request, "the request target must be a path");
  const auto question = target.find('?');
  if (question == std::string_view::npos) return std::pair{target, std::string_view{}};
  return std::pair{target.substr(0, question), target.substr(question + 1)};
}

core::result<void> check_headers(const exchange& x) {
  const auto& headers = x.request.headers;
  if (headers.bytes > x.context().options.max_header_bytes)
    return core::fail(error_code::headers_too_large,
                      "the header fields are larger than " + std::to_string(x.context().options.max_header_bytes) + " bytes");
  if (headers.repeated)
    return core::fail(error_code::malformed_request, "a header field that may come only once comes more than once");
  return {};
}

core::result<void> find_route(exchange& x) {
  const auto target = split_target(x.request.target);
  if (!target) return core::fail(target.error());
  auto match = match_route(x.request.method, target->first);
  if (!match.found && !match.allowed.empty()) {
    x.extra_headers += "Allow: " + match.allowed + "\r\n";
    return core::fail(error_code::method_not_allowed, "this resource takes " + match.allowed);
  }
  if (!match.found) return core::fail(error_code::not_found, "there is nothing at this path");
  x.matched = match.found;
  for (std::size_t i = 0; i < match.parameters.size(); ++i) {
    auto decoded = percent_decode(match.parameters[i], plus_sign::literal);
    if (!decoded)
      return core::fail(error_code::malformed_request, "the path holds a broken % escape or text that is not UTF-8");
    x.parameters[i] = std::move(*decoded);
  }
  if (target->second.empty()) return {};
  auto query = query_parameters::parse(target->second);
  if (!query) return core::fail(query.error());
  x.query = std::move(*query);
  return x.matched->query == route_query::none ? x.query.finish() : core::result<void>{};
}

core::result<void> authenticate(exchange& x) {
  if (x.context().draining.load(std::memory_order_relaxed))
    return core::fail(error_code::shutting_down, "the node is stopping");
  const auto field = x.request.headers.authorization;
  constexpr std::size_t scheme = 7;
  if (!equals_ignoring_case(field.substr(0, scheme), "bearer "))
    return core::fail(error_code::unauthenticated, "an API key is required: Authorization: Bearer wbk_…");
  auto token = field.substr(scheme);
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  auto proved = x.service().authenticate(token, x.request.headers.organization_id, x.request.remote_address);
  if (!proved) return core::fail(proved.error());
  x.caller = std::move(*proved);
  x.caller.remote_address = x.request.remote_address;
  x.caller.request_id = x.request_id;
  return {};
}

core::result<void> take_rate(exchange& x) {
  const auto standing = x.context().limits.take(x.caller, x.started());
  if (!standing) return {};
  const auto seconds = (standing->reset.count() + 999) / 1'000;
  x.extra_headers += "RateLimit-Limit: " + std::to_string(standing->limit) +
                     "\r\nRateLimit-Remaining: " + std::to_string(standing->remaining) +
                     "\r\nRateLimit-Reset: " + std::to_string(seconds) + "\r\n";
  if (standing->allowed) return {};
  core::error error;
  error.code = error_code::rate_limit_exceeded;
  error.message = "too many requests; wait as long as Retry-After says";
  error.retry_after = standing->wait;
  return core::fail(std::move(error));
}

core::result<void> check_encoding(const exchange& x) {
  const auto encoding = x.request.headers.content_encoding;
  if (encoding.empty() || equals_ignoring_case(encoding, "identity")) return {};
  return core::fail(error_code::unsupported_media_type, "the body must not be compressed");
}

core::result<void> check_media_type(const exchange& x) {
  const auto& headers = x.request.headers;
  if (auto encoding = check_encoding(x); !encoding) return encoding;
  const auto semicolon = std::min(headers.content_type.find(';'), headers.content_type.size());
  const auto type = trimmed(headers.content_type.substr(0, semicolon));
  const auto parameters = headers.content_type.substr(semicolon);
  if (!names_utf8_or_nothing(parameters)) return core::fail(error_code::unsupported_media_type, "the body must be UTF-8");
  if (equals_ignoring_case(type, "application/json")) return {};
  const bool patch = x.matched->body == route_body::merge_patch;
  if (patch && equals_ignoring_case(type, "application/merge-patch+json")) return {};
  return core::fail(
      error_code::unsupported_media_type,
      patch ? "the body must be application/merge-patch+json or application/json" : "the body must be application/json");
}

core::result<void> check_body(const exchange& x) {
  if (x.matched->body == route_body::none) return {};
  if (x.matched->body == route_body::bytes) return check_encoding(x);
  if (x.request.body.empty()) {
    if (x.matched->body == route_body::optional_json) return {};
    return core::fail(error_code::malformed_request, "a JSON body is required");
  }
  return check_media_type(x);
}

/// From here on the address is the client's, for keys, logs and links alike.
void find_client(exchange& x) {
  const auto& clients = x.context().clients;
  if (!clients.trusts_anybody()) return;
  const auto& headers = x.request.headers;
  const bool standard = clients.header() == forwarded_header::forwarded;
  x.request.remote_address =
      clients.client_of(x.request.remote_address, standard ? headers.forwarded : headers.x_forwarded_for);
}

core::result<void> admit(exchange& x) {
  if (auto r = check_headers(x); !r) return r;
  if (auto r = find_route(x); !r) return r;
  if (x.matched->access == route_access::open) return {};
  if (auto r = authenticate(x); !r) return r;
  if (auto r = take_rate(x); !r) return r;
  return check_body(x);
}

}  // namespace

void dispatch(exchange& x) {
  x.guarded([&x] {
    x.request_id = request_id_from(x.request.headers.request_id);
    x.traceparent = traceparent_from(x.request.headers.traceparent);
    find_client(x);
    if (auto admitted = admit(x); !admitted) return x.answer(admitted.error());
    x.matched->handle(x);
  });
}

}  // namespace waybill::api
