// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <waybill/result.hpp>
#include <waybill/transfer/exchange.hpp>
#include <waybill/transfer/record.hpp>

namespace waybill::storage {

/// What a service says of a failure, read from its answer: cleaned, so that it may stand in a text.
struct service_error {
  std::string code;     ///< NoSuchBucket, AuthenticationFailed …; letters, digits, . and - only
  std::string message;  ///< printable, at most 256 bytes
};

/// Keeps of a service's texts what may stand in a detail.
[[nodiscard]] std::string clean_code(std::string_view text);
[[nodiscard]] std::string clean_text(std::string_view text);

/// What an outcome means, if the service is a store over HTTP:
///   2xx delivered; 401, 403 authentication; 404 configuration (no such bucket: the names are ours); 408, 504 timeout;
///   429, 503 throttled with Retry-After; 400, 411, 412, 413, 415, 422 validation; others remote. No answer: as the transfer
///   ended.
/// All but delivered are retried: a store that refuses today is set right by an operator, and the retry policy has its end.
/// `doing` completes "… failed". The caller may change what its service means otherwise.
[[nodiscard]] sdk::result judge_http(const transfer::outcome& what, std::string_view doing, const service_error& why = {});

/// Adds the records of request and answer, and takes every secret out of detail.
void add_records(sdk::result& into, const transfer::exchange& sent, const transfer::outcome& what,
                 const transfer::redactor& secrets);

}  // namespace waybill::storage
