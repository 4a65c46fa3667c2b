// SPDX-License-Identifier: Apache-2.0
#include "core/model/error.hpp"

namespace waybill::core {

std::string_view to_string(error_code code) {
  switch (code) {
    case error_code::validation_error:
      return "VALIDATION_ERROR";
    case error_code::malformed_request:
      return "MALFORMED_REQUEST";
    case error_code::unauthenticated:
      return "UNAUTHENTICATED";
    case error_code::forbidden:
      return "FORBIDDEN";
    case error_code::not_found:
      return "NOT_FOUND";
    case error_code::organization_not_found:
      return "ORGANIZATION_NOT_FOUND";
    case error_code::destination_not_found:
      return "DESTINATION_NOT_FOUND";
    case error_code::destination_type_not_found:
      return "DESTINATION_TYPE_NOT_FOUND";
    case error_code::delivery_not_found:
      return "DELIVERY_NOT_FOUND";
    case error_code::attempt_not_found:
      return "ATTEMPT_NOT_FOUND";
    case error_code::payload_not_found:
      return "PAYLOAD_NOT_FOUND";
    case error_code::key_not_found:
      return "KEY_NOT_FOUND";
    case error_code::secret_not_found:
      return "SECRET_NOT_FOUND";
    case error_code::job_not_found:
      return "JOB_NOT_FOUND";
    case error_code::hold_not_found:
      return "HOLD_NOT_FOUND";
    case error_code::erasure_not_found:
      return "ERASURE_NOT_FOUND";
    case error_code::link_not_found:
      return "LINK_NOT_FOUND";
    case error_code::payload_expired:
      return "PAYLOAD_EXPIRED";
    case error_code::legal_hold:
      return "LEGAL_HOLD";
    case error_code::method_not_allowed:
      return "METHOD_NOT_ALLOWED";
    case error_code::conflict:
      return "CONFLICT";
    case error_code::precondition_failed:
      return "PRECONDITION_FAILED";
    case error_code::precondition_required:
      return "PRECONDITION_REQUIRED";
    case error_code::idempotency_key_reused:
      return "IDEMPOTENCY_KEY_REUSED";
    case error_code::idempotency_in_progress:
      return "IDEMPOTENCY_IN_PROGRESS";
    case error_code::payload_too_large:
      return "PAYLOAD_TOO_LARGE";
    case error_code::headers_too_large:
      return "HEADERS_TOO_LARGE";
    case error_code::uri_too_long:
      return "URI_TOO_LONG";
    case error_code::unsupported_media_type:
      return "UNSUPPORTED_MEDIA_TYPE";
    case error_code::rate_limit_exceeded:
      return "RATE_LIMIT_EXCEEDED";
    case error_code::connection_test_failed:
      return "CONNECTION_TEST_FAILED";
    case error_code::queue_full:
      return "QUEUE_FULL";
    case error_code::store_unavailable:
      return "STORE_UNAVAILABLE";
    case error_code::shutting_down:
      return "SHUTTING_DOWN";
    case error_code::fenced:
      return "FENCED";
    case error_code::internal_error:
      return "INTERNAL_ERROR";
  }
  return "INTERNAL_ERROR";
}

}  // namespace waybill::core
