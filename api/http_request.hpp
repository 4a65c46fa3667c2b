// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/error.hpp"

namespace waybill::api {

enum class http_method : std::uint8_t { get = 1, head, post, put, patch, remove, other };

[[nodiscard]] std::string_view to_string(http_method method);

/// The header fields this API reads; empty: not sent. Views into the request.
struct request_headers {
  std::string_view authorization;
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view if_match;
  std::string_view if_none_match;
  std::string_view idempotency_key;
  std::string_view organization_id;
  std::string_view request_id;
  std::string_view traceparent;
  std::string_view content_digest;  ///< RFC 9530
  std::string_view repr_digest;
  std::string_view range;
  std::string_view if_range;
  std::string_view user_agent;                    ///< the last, if it came more than once
  std::vector<std::string_view> x_forwarded_for;  ///< lines as they came: they make one list
  std::vector<std::string_view> forwarded;        ///< likewise
  bool idempotency_key_sent = false;              ///< an empty one is not the same as none
  bool repeated = false;                          ///< one of the above came twice: which one counts cannot be known
  std::size_t bytes = 0;                          ///< of all fields together
};

/// One request as it came over the wire, before any route saw it. All views live as long as the exchange that holds it.
struct http_request {
  http_method method = http_method::other;
  std::string_view target;
  std::string_view body;                     ///< empty where it streams
  std::optional<std::uint64_t> body_length;  ///< as announced; nothing where it is chunked
  request_headers headers;
  std::string remote_address;
  bool keep_alive = true;
};

/// `%XX` undone, and `+` as a space where `plus_is_space` (queries). Nothing for a broken escape or text that is not UTF-8.
enum class plus_sign : std::uint8_t { literal = 1, space };
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, plus_sign plus);

/// The query of a request: every parameter once, decoded, taken out by name. What is left at `finish` is unknown: a fault each.
class query_parameters {
public:
  /// malformed_request for a broken escape, validation_error for a name that comes twice.
  [[nodiscard]] static core::result<query_parameters> parse(std::string_view query);

  [[nodiscard]] std::optional<std::string> take(std::string_view name);
  void fault(std::string_view name, std::string rule, std::string message);
  /// validation_error with every fault, the unknown parameters among them.
  [[nodiscard]] core::result<void> finish();

private:
  std::vector<std::pair<std::string, std::string>> values_;
  std::vector<core::field_fault> faults_;
};

}  // namespace waybill::api
