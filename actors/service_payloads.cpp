// SPDX-License-Identifier: Apache-2.0
// The service's part for content of any size: receiving it, and reading it by offset.
#include <utility>

#include "actors/engine_service.hpp"

namespace waybill::actors {

void engine_service::begin_upload(const core::caller& who, core::upload_request request,
                                  core::reply<std::shared_ptr<core::payload_upload>> reply) {
  if (auto allowed = require(who, allow::deliver); !allowed) return reply(core::fail(std::move(allowed.error())));
  if (context_.draining.load(std::memory_order_relaxed))
    return reply(core::fail(core::error_code::shutting_down, "the node is shutting down"));
  context_.uploads->begin(who.organization, std::move(request.content_type), request.size, std::move(reply));
}

void engine_service::read_payload(const core::caller& who, const core::delivery_ptr& of, std::uint64_t offset,
                                  core::reply<std::shared_ptr<const std::string>> reply) {
  if (auto allowed = require(who, allow::read_deliveries); !allowed) return reply(core::fail(std::move(allowed.error())));
  context_.payloads.get({who.organization, of->payload, of->payload_size}, offset, std::move(reply));
}

/// The payload a request names. What is not JSON must not be said to be: handlers splice JSON unparsed.
core::result<core::payload> engine_service::own_payload(const core::caller& who, core::read_session& session,
                                                        const core::delivery_request& request) const {
  auto found = session.get_payload(who.organization, *request.payload);
  if (found && core::is_json_media_type(request.content_type) && !core::is_json_media_type(found->content_type))
    return core::fail({core::error_code::validation_error,
                       "the payload was not uploaded as JSON",
                       {{"/payload/contentType", "json", "the payload was uploaded as " + found->content_type}},
                       std::nullopt});
  // Past its time it is gone, whether the sweep has come by or not.
  const bool is_over = found && found->expires_at && *found->expires_at <= context_.time.now();
  if (!is_over && (found || found.error().code != core::error_code::payload_not_found)) return found;
  const auto id = request.payload->to_string();
  auto owner = session.payload_owner(*request.payload);
  if (owner && *owner && **owner != who.organization) report_foreign(who, "payload", id);
  return core::fail({core::error_code::payload_not_found,
                     "the payload does not exist",
                     {{"/payload/payloadId", "exists", "no such payload: " + id}},
                     std::nullopt});
}

}  // namespace waybill::actors
