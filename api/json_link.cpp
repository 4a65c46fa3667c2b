// SPDX-License-Identifier: Apache-2.0
#include "api/json_link.hpp"

#include "api/json_text.hpp"

namespace waybill::api {

namespace {

using nlohmann::json;

json document_of(const core::shown_link& shown, core::utc_time now, std::string_view base_url) {
  const auto& link = shown.link;
  const auto self = std::string{base_url} + "/v1/download-links/" + link.id.to_string();
  return {{"id", link.id.to_string()},
          {"url", shown.url},
          {"state", core::to_string(link.state(now))},
          {"deliveryId", link.delivery.to_string()},
          {"destinationId", link.destination.to_string()},
          {"passwordMode", core::to_string(link.password)},
          {"passwordReady", !link.password_hash.empty() && !link.password_used},
          {"allowedIpRanges", link.allowed_ranges},
          {"maxAccess", link.max_access == 0 ? json(nullptr) : json(link.max_access)},
          {"accesses", link.accesses},
          {"refusals", link.refusals},
          {"createdAt", core::to_rfc3339(link.created_at)},
          {"expiresAt", core::to_rfc3339(link.expires_at)},
          {"lockedUntil", time_or_null(link.locked_until)},
          {"revokedAt", time_or_null(link.revoked_at)},
          {"revokedBy", link.revoked_by ? json(link.revoked_by->to_string()) : json(nullptr)},
          {"links",
           {{"self", self},
            {"accesses", self + "/accesses"},
            {"delivery", std::string{base_url} + "/v1/deliveries/" + link.delivery.to_string()}}}};
}

}  // namespace

std::string link_text(const core::shown_link& shown, core::utc_time now, std::string_view base_url) {
  return to_text(document_of(shown, now, base_url));
}

std::string issued_password_text(const core::issued_password& issued, core::utc_time now, std::string_view base_url) {
  return to_text({{"password", issued.password}, {"link", document_of(issued.link, now, base_url)}});
}

std::string access_text(const core::link_access& line) {
  return to_text({{"number", line.number},
                  {"at", core::to_rfc3339(line.at)},
                  {"lastAt", core::to_rfc3339(line.last_at)},
                  {"remoteAddress", line.address},
                  {"userAgent", text_or_null(line.agent)},
                  {"outcome", core::to_string(line.outcome)},
                  {"requests", line.requests},
                  {"bytesGranted", line.granted},
                  {"bytesSent", line.sent}});
}

}  // namespace waybill::api
