// SPDX-License-Identifier: Apache-2.0
#include "api/routes.hpp"

#include <algorithm>

#include "api/handlers.hpp"

namespace waybill::api {

namespace {

constexpr auto get = http_method::get;
constexpr auto post = http_method::post;
constexpr auto put = http_method::put;
constexpr auto patch = http_method::patch;
constexpr auto remove_ = http_method::remove;

constexpr auto open_to_all = route_access::open;
constexpr auto key = route_access::key;

constexpr auto no_body = route_body::none;
constexpr auto json = route_body::json;
constexpr auto some_json = route_body::optional_json;
constexpr auto merge = route_body::merge_patch;
constexpr auto bytes = route_body::bytes;

constexpr auto plain = route_query::none;
constexpr auto asks = route_query::parameters;

// The hot path first: the table is searched from the top.
// clang-format off
constexpr route table[] = {
    {post,    "/v1/deliveries",                                        key, json,      plain, create_delivery},
    {get,     "/v1/deliveries",                                        key, no_body,   asks,  list_deliveries},
    {get,     "/v1/deliveries/{deliveryId}",                           key, no_body,   plain, get_delivery},
    {get,     "/v1/deliveries/{deliveryId}/payload",                   key, no_body,   plain, get_payload},
    {post,    "/v1/payloads",                                          key, bytes,     plain, create_payload},
    {get,     "/v1/deliveries/{deliveryId}/attempts/{attemptId}",      key, no_body,   plain, get_attempt},
    {post,    "/v1/deliveries/{deliveryId}/retry",                     key, some_json, plain, retry_delivery},
    {post,    "/v1/deliveries/{deliveryId}/cancel",                    key, some_json, plain, cancel_delivery},
    {post,    "/v1/destinations",                                      key, json,      asks,  create_destination},
    {get,     "/v1/destinations",                                      key, no_body,   asks,  list_destinations},
    {post,    "/v1/destinations/test",                                 key, json,      plain, test_new_destination},
    {get,     "/v1/destinations/{destinationId}",                      key, no_body,   plain, get_destination},
    {put,     "/v1/destinations/{destinationId}",                      key, json,      asks,  replace_destination},
    {patch,   "/v1/destinations/{destinationId}",                      key, merge,     asks,  patch_destination},
    {remove_, "/v1/destinations/{destinationId}",                      key, no_body,   plain, delete_destination},
    {post,    "/v1/destinations/{destinationId}/test",                 key, no_body,   plain, test_destination},
    {post,    "/v1/destinations/{destinationId}/enable",               key, some_json, plain, enable_destination},
    {post,    "/v1/destinations/{destinationId}/disable",              key, some_json, plain, disable_destination},
    {get,     "/v1/destinations/{destinationId}/health",               key, no_body,   plain, get_destination_health},
    {get,     "/v1/destinations/{destinationId}/queue",                key, no_body,   plain, get_destination_queue},
    {get,     "/v1/destinations/{destinationId}/secrets",              key, no_body,   plain, list_secrets},
    {post,    "/v1/destinations/{destinationId}/secrets",              key, some_json, plain, add_secret},
    {post,    "/v1/destinations/{destinationId}/secrets/rotate",       key, some_json, plain, rotate_secret},
    {remove_, "/v1/destinations/{destinationId}/secrets/{secretId}",   key, no_body,   plain, delete_secret},
    {get,     "/v1/destination-types",                                 key, no_body,   plain, list_destination_types},
    {get,     "/v1/destination-types/{type}",                          key, no_body,   plain, get_destination_type},
    {get,     "/v1/dead-letters",                                      key, no_body,   asks,  list_dead_letters},
    {post,    "/v1/dead-letters/redrive",                              key, some_json, plain, redrive_dead_letters},
    {post,    "/v1/dead-letters/discard",                              key, some_json, plain, discard_dead_letters},
    {get,     "/v1/dead-letters/{taskId}",                             key, no_body,   plain, get_dead_letter},
    {get,     "/v1/jobs",                                              key, no_body,   asks,  list_jobs},
    {get,     "/v1/jobs/{jobId}",                                      key, no_body,   plain, get_job},
    {patch,   "/v1/jobs/{jobId}",                                      key, merge,     plain, patch_job},
    {post,    "/v1/jobs/{jobId}/pause",                                key, no_body,   plain, pause_job},
    {post,    "/v1/jobs/{jobId}/resume",                               key, no_body,   plain, resume_job},
    {post,    "/v1/jobs/{jobId}/cancel",                               key, no_body,   plain, cancel_job},
    {get,     "/v1/keys",                                              key, no_body,   asks,  list_keys},
    {post,    "/v1/keys",                                              key, json,      plain, create_key},
    {remove_, "/v1/keys/{keyId}",                                      key, no_body,   plain, revoke_key},
    {get,     "/v1/organizations",                                     key, no_body,   asks,  list_organizations},
    {post,    "/v1/organizations",                                     key, json,      plain, create_organization},
    {get,     "/v1/organizations/{organizationId}",                    key, no_body,   plain, get_organization},
    {patch,   "/v1/organizations/{organizationId}",                    key, merge,     plain, patch_organization},
    {get,     "/v1/audit",                                             key, no_body,   asks,  list_audit},
    {get,     "/v1/audit/verify",                                      key, no_body,   asks,  verify_audit},
    {get,     "/v1/legal-holds",                                       key, no_body,   asks,  list_legal_holds},
    {post,    "/v1/legal-holds",                                       key, json,      plain, place_legal_hold},
    {get,     "/v1/legal-holds/{holdId}",                              key, no_body,   plain, get_legal_hold},
    {remove_, "/v1/legal-holds/{holdId}",                              key, no_body,   plain, release_legal_hold},
    {get,     "/v1/erasures",                                          key, no_body,   asks,  list_erasures},
    {post,    "/v1/erasures",                                          key, json,      plain, order_erasure},
    {get,     "/v1/erasures/{erasureId}",                              key, no_body,   plain, get_erasure},
    {get,     "/v1/download-links",                                    key, no_body,   asks,  list_download_links},
    {get,     "/v1/download-links/{linkId}",                           key, no_body,   plain, get_download_link},
    {get,     "/v1/download-links/{linkId}/accesses",                  key, no_body,   asks,  list_download_accesses},
    {post,    "/v1/download-links/{linkId}/revoke",                    key, no_body,   plain, revoke_download_link},
    {post,    "/v1/download-links/{linkId}/password",                  key, no_body,   plain, issue_download_password},
    {get,     "/v1/queue",                                             key, no_body,   plain, get_queue},
    {get,     "/d/{token}",                                    open_to_all, no_body,   plain, get_download},
    {get,     "/healthz",                                      open_to_all, no_body,   plain, get_liveness},
    {get,     "/readyz",                                       open_to_all, no_body,   plain, get_readiness},
    {get,     "/metrics",                                      open_to_all, no_body,   plain, get_metrics},
    {get,     "/openapi.json",                                 open_to_all, no_body,   plain, get_openapi},
    {get,     "/docs",                                         open_to_all, no_body,   plain, get_docs},
};
// clang-format on

/// Takes the first segment, its slash included, off `path`.
std::string_view take_segment(std::string_view& path) {
  const auto end = std::min(path.find('/', 1), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::array<std::string_view, 2>& parameters) {
  std::size_t found = 0;
  while (!pattern.empty() && !path.empty()) {
    const auto wanted = take_segment(pattern);
    const auto segment = take_segment(path);
    if (wanted.size() > 1 && wanted[1] == '{') {
      if (segment.size() < 2) return false;
      parameters[found++] = segment.substr(1);
    } else if (wanted != segment) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

route_span all_routes() { return {table, std::size(table)}; }

route_match match_route(http_method method, std::string_view path) {
  const auto wanted = method == http_method::head ? http_method::get : method;
  route_match out;
  for (const auto& line : table) {
    std::array<std::string_view, 2> parameters;
    if (!matches(line.path, path, parameters)) continue;
    if (line.method == wanted) {
      // "/v1/destinations/test" is also of the shape of "/v1/destinations/{destinationId}": the first line that fits wins.
      out = {&line, parameters, {}};
      return out;
    }
    if (!out.allowed.empty()) out.allowed += ", ";
    out.allowed += to_string(line.method);
    if (line.method == http_method::get) out.allowed += ", HEAD";
  }
  return out;
}

}  // namespace waybill::api
