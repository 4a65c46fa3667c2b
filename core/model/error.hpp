// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace waybill::core {

/// What went wrong, in words a client can branch on. `to_string` gives the stable UPPER_SNAKE `code` of api.md; the HTTP status
/// belongs to the api folder.
enum class error_code : std::uint8_t {
  validation_error = 1,
  malformed_request,
  unauthenticated,
  forbidden,
  not_found,  ///< a route or a thing without a code of its own
  organization_not_found,
  destination_not_found,
  destination_type_not_found,
  delivery_not_found,
  attempt_not_found,
  payload_not_found,
  key_not_found,
  secret_not_found,
  job_not_found,
  hold_not_found,
  erasure_not_found,
  link_not_found,
  payload_expired,  ///< it was there; retention took its content
  legal_hold,       ///< something under a legal hold stands in the way
  method_not_allowed,
  conflict,
  precondition_failed,
  precondition_required,
  idempotency_key_reused,
  idempotency_in_progress,
  payload_too_large,
  headers_too_large,
  uri_too_long,
  unsupported_media_type,
  rate_limit_exceeded,
  connection_test_failed,
  queue_full,
  store_unavailable,
  shutting_down,
  fenced,  ///< the write carried a stale epoch: the work is no longer ours; never reaches a client
  internal_error,
};

[[nodiscard]] std::string_view to_string(error_code code);

/// One fault of an input: where (RFC 6901 JSON Pointer, or the name of a query parameter or header), which rule, and a
/// sentence a person can act on.
struct field_fault {
  std::string pointer;
  std::string rule;
  std::string message;
};

/// Never holds a secret.
struct error {
  error_code code = error_code::internal_error;
  std::string message;
  std::vector<field_fault> fields;
  std::optional<std::chrono::milliseconds> retry_after;
};

template <class T>
using result = tl::expected<T, error>;

[[nodiscard]] inline tl::unexpected<error> fail(error_code code, std::string message) {
  return tl::unexpected<error>(error{code, std::move(message), {}, std::nullopt});
}
[[nodiscard]] inline tl::unexpected<error> fail(error value) { return tl::unexpected<error>(std::move(value)); }

}  // namespace waybill::core
